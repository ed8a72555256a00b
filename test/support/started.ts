/** What a test starts is stopped at its end, however it ends. */

export type Stoppable = { stop(): Promise<unknown> } | { close(): Promise<unknown> };

/** Notes what was started, and returns it. */
export type Keep = <Started extends Stoppable>(starting: Promise<Started>) => Promise<Started>;

/** The last thing that was started is stopped first. */
export async function withStarted(work: (keep: Keep) => Promise<void>): Promise<void> {
  const started: Promise<Stoppable>[] = [];
  const keep: Keep = (starting) => {
    started.unshift(starting);
    return starting;
  };
  try {
    await work(keep);
  } finally {
    for (const one of await Promise.allSettled(started)) {
      if (one.status === 'rejected') continue;
      await ('stop' in one.value ? one.value.stop() : one.value.close());
    }
  }
}
