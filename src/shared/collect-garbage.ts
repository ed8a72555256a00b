/**
 * Frees memory that nothing in this thread refers to. V8 does not count shared memory as a thread's own, so a thread with little
 * to do never collects garbage and keeps the arena of a removed torrent. The memory is freed when no thread refers to it.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/** It takes a few milliseconds, in which the thread does nothing else. */
export function collectGarbage(): void {
  collect ??= collector();
  collect();
}

/** Node has no function for it. With this flag V8 gives one to contexts that are created afterwards. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as () => void;
  } catch {
    return () => {};
  }
}
