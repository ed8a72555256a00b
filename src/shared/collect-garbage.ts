/**
 * Frees what nothing in this thread refers to any more. V8 does not count shared memory as a thread's own: a thread that has
 * little to do never looks for garbage, and keeps the arena of a removed torrent. The memory goes when the last thread lets go.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/** A few milliseconds, in which the thread does nothing else. */
export function collectGarbage(): void {
  collect ??= collector();
  collect();
}

/** Node has no call for it. The flag makes V8 give one to contexts that are made from then on. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as () => void;
  } catch {
    return () => {};
  }
}
