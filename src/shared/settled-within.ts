/** Waiting with a time limit. */
import { LivedTimer } from './lived-timer.ts';

/** Resolves when the promise settles, or after `ms`, whichever is first. Never rejects. */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: LivedTimer | undefined;
  const late = new Promise<void>((resolve) => {
    timer = new LivedTimer(ms, resolve);
  });
  await Promise.race([promise.then(nothing, nothing), late]);
  timer?.cancel();
}

function nothing(): void {}
