/** The processes of this machine, as far as a lock needs to know them: who has it, and whether that process still runs. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Processes {
  /** The number of this process. */
  readonly own: number;
  /** Process numbers are valid in one namespace of one boot; on other systems only the machine has a name. */
  system(): string;
  isAlive(pid: number): boolean;
  /** Clock ticks from the boot to the start of the process; null if unknown, if the process is gone, or if only its number is left. */
  startOf(pid: number): string | null;
}

/** What never changes of this process: a system with many threads takes milliseconds to say when it began. */
const own: { system: string | null; start: string | null } = { system: null, start: null };

export const SYSTEM_PROCESSES: Processes = {
  own: process.pid,
  system: () => {
    own.system ??= thisSystem();
    return own.system;
  },
  isAlive: (pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  },
  startOf: (pid) => {
    if (pid !== process.pid) return startOf(pid);
    own.start ??= startOf(pid);
    return own.start;
  },
};

function thisSystem(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
