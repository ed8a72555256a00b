/**
 * Frees what nothing in this thread refers to any more. V8 counts shared memory to no thread, so a dead arena of 64 MiB moves
 * none of them to look for garbage; and the memory goes only when the last thread has let go of it.
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
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
