/**
 * Whether this process may use its terminal. The system stops a job in the background that reads keys there (SIGTTIN) or changes
 * the modes of the terminal (SIGTTOU).
 */
import { fstatSync, readFileSync } from 'node:fs';

export type Standing = 'foreground' | 'background' | 'unknown';

/** The number of /dev/tty, which is the own terminal of each process. */
const DEV_TTY = 0x500;

/** `unknown` if one of the descriptors is not the terminal that this process was started on, or without /proc. */
export function standingAt(descriptors: readonly number[]): Standing {
  try {
    // The name of the program is in brackets and may hold anything.
    const [, fields = ''] = /^.*\) (.*)$/s.exec(readFileSync('/proc/self/stat', 'latin1')) ?? [];
    const [, , group, , terminal, foregroundGroup] = fields.split(' ').map(Number);
    const isOwn = (descriptor: number): boolean => {
      const { rdev } = fstatSync(descriptor);
      return rdev === terminal || rdev === DEV_TTY;
    };
    if (terminal === 0 || !descriptors.every(isOwn)) return 'unknown';
    return group === foregroundGroup ? 'foreground' : 'background';
  } catch {
    return 'unknown';
  }
}
