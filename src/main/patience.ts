/** Waiting, but not for ever. */

/** Resolves when the promise settles, or after `ms`, whichever is first. Never rejects. */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise.then(nothing, nothing), late]);
  clearTimeout(timer);
}

function nothing(): void {}
