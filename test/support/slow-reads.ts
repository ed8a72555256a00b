/** A disk that takes long for the first piece that each thread reads, made with strace: this call of the system is delayed. */
import { spawnSync } from 'node:child_process';

/** Longer than the time after which a download without progress says why. */
const DELAY_US = 11_000_000;
const STRACE = ['-D', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', 'trace=pread64'];

/** False: this machine has no strace, or does not allow it. */
export const MAY_SLOW_READS = spawnSync('strace', [...STRACE, 'true']).status === 0;

/** To be put before a command: what each thread first reads of this file takes long. */
export function slowReads(path: string): readonly string[] {
  return ['strace', ...STRACE, '-P', path, '-e', `inject=pread64:delay_enter=${DELAY_US}:when=1`];
}
