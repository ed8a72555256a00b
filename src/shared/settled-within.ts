/** Waiting with a time limit. */
import { type Later, livedLater } from './lived-timer.ts';

/** Resolves when the promise settles, or after `ms`, whichever is first. Never rejects. */
export async function settledWithin(
  promise: Promise<unknown>,
  ms: number,
  later: Later = livedLater,
): Promise<void> {
  let cancel = (): void => {};
  const late = new Promise<void>((resolve) => {
    cancel = later(ms, resolve);
  });
  await Promise.race([promise.then(nothing, nothing), late]);
  cancel();
}

function nothing(): void {}
