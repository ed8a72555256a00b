/** The owner of a place, as the file of its lock names it: a process, and for a job of a queue the number of the try. */
import { Failure } from '../failure.ts';

/** Which try of which job of a queue has the place. The queue counts the tries, and a later one may take it from an earlier one. */
export interface Fence {
  readonly job: string;
  readonly attempt: number;
}

export interface Owner {
  readonly lock: 1;
  readonly id: string;
  /** The running system, and the namespace of its process numbers. */
  readonly system: string;
  readonly pid: number;
  /** Start time of the process; null if the system does not tell. */
  readonly started: string | null;
  readonly fence?: Fence;
}

/** `path`: of the lock. Throws a `disk` failure if it is not a lock. */
export function ownerOf(text: string, path: string): Owner {
  try {
    const owner = JSON.parse(text) as Owner;
    if (owner.lock === 1 && Number.isInteger(owner.pid)) return owner;
  } catch {
    // A foreign text file.
  }
  throw notALock(path);
}

/** The same job, and an earlier try: its machine lost the job, even if it does not know that yet. */
export function isEarlier(theirs: Fence | undefined, ours: Fence | null): boolean {
  if (theirs === undefined || ours === null) return false;
  return theirs.job === ours.job && theirs.attempt < ours.attempt;
}

export function notALock(path: string): Failure {
  return new Failure('disk', `${path}: not a lock of unchoke; move it away`);
}
