/**
 * Work with a time limit. `AbortSignal.any` with `AbortSignal.timeout` does not work for this: on Node 20 the time-out is
 * garbage when only the composite refers to it, and then it never fires. A linter rule forbids both in `src`.
 */
import { type Later, livedLater } from './lived-timer.ts';

/** Runs `work` with a signal that aborts after `ms` of lived time, or when `outer` aborts. The timer and the listener end with the work. */
export async function withDeadline<Result>(
  ms: number,
  outer: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<Result>,
  later: Later = livedLater,
): Promise<Result> {
  const own = new AbortController();
  const abort = (): void => own.abort();
  const cancel = later(ms, abort);
  if (outer?.aborted === true) abort();
  outer?.addEventListener('abort', abort, { once: true });
  try {
    return await work(own.signal);
  } finally {
    cancel();
    outer?.removeEventListener('abort', abort);
  }
}
