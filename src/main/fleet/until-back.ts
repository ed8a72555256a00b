/** Calls of a worker to a server that may be away for a while. */
import { setTimeout as after } from 'node:timers/promises';
import { FLEET_SERVER_RETRY_MS } from '../../shared/limits.ts';

/** The job is not ours any more: its lock has expired, or somebody has removed it. */
export class LostJob extends Error {
  override readonly name = 'LostJob';
}

/** The server was waited for, and then no longer. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp';
}

/** Repeats the call until it succeeds. Rejects with a `LostJob`, or with `GaveUp` once `signal` aborts: some calls never end. */
export async function untilBack<Result>(call: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (;;) {
    try {
      return await unlessAborted(call(), signal);
    } catch (error) {
      if (error instanceof LostJob || error instanceof GaveUp) throw error;
      await after(FLEET_SERVER_RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Rejects with `GaveUp` as soon as `signal` aborts. */
export async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  if (signal.aborted) throw new GaveUp();
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new GaveUp());
  });
  signal.addEventListener('abort', abort);
  // After we gave up, nobody waits for its end.
  work.catch(() => {});
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
