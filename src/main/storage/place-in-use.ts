/** Failures about a place that another run of unchoke uses. Their cause is like the system's error for a file in use: it may be over later. */
import { Failure } from '../failure.ts';

/** `lock`: its path. `pid`: of the process that holds it, if it is known. */
export function inUse(lock: string, pid: number | null): Failure {
  const who = pid === null ? 'another run of unchoke' : `another run of unchoke (process ${pid})`;
  return busy(
    `${lock}: ${who} is downloading to this place; wait until it ends, or choose another folder with --output`,
  );
}

/** `path`: of the lock, or of the download. */
export function takenOver(path: string): Failure {
  return busy(`${path}: another run of unchoke took over this place`);
}

function busy(message: string): Failure {
  const cause = Object.assign(new Error('another run of unchoke uses it'), { code: 'EBUSY' });
  return new Failure('disk', message, { cause });
}
