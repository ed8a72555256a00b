/**
 * The task of the one thread that fetches from web seeds, for all torrents of the session: it gives `WebSeedThread` its port,
 * network and clock. It stays pending until it is stopped.
 */
import { setTimeout as after } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { monotonicMs } from '../../shared/clock.ts';
import { HttpVisitor } from '../../shared/http-visitor.ts';
import { WEB_SEED_TICK_MS } from '../../shared/limits.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import { RateBucket } from '../../shared/rate-bucket.ts';
import type { WebSeedCommand, WebSeedTask } from '../../shared/web-seed-messages.ts';
import { limitedVisitor } from './limited-visitor.ts';
import { WebSeedThread } from './web-seed-thread.ts';

/** Rejects for a bug of ours, after all work has ended. */
export default async function webSeedTask(task: WebSeedTask<MessagePort>): Promise<void> {
  const { owner, port, route, clientName, rate } = task;
  const visitor = new HttpVisitor(route, clientName);
  const lived = new LivedClock(monotonicMs);
  // Lived time must pass while no torrent is there to read the clock: waits that servers asked for go on.
  const looks = setInterval(lived.now, WEB_SEED_TICK_MS);
  const thread = new WebSeedThread(owner, {
    visitor: rate === null ? visitor : limitedVisitor(visitor, new RateBucket(rate), monotonicMs),
    clock: lived.now,
    sleep,
    post: (event) => port.postMessage(event),
  });
  port.on('message', (command: WebSeedCommand) => thread.command(command));
  try {
    await thread.ended;
    port.postMessage({ type: 'stopped' });
  } finally {
    clearInterval(looks);
    visitor.close();
    port.close();
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await after(ms, undefined, { signal }).catch(() => {});
}
