/**
 * The task of the one thread that fetches from web seeds: as a shard it claims pieces in the ledger and fills slots of the
 * arena, but from HTTP servers instead of peers. It stays pending until it is told to stop.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { Arena } from '../../shared/arena.ts';
import { monotonicMs } from '../../shared/clock.ts';
import { HttpVisitor } from '../../shared/http-visitor.ts';
import { Ledger } from '../../shared/ledger.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import type { WebSeedCommand, WebSeedTask } from '../../shared/web-seed-messages.ts';
import { WebSeedFetcher } from './web-seed-fetcher.ts';

export default async function webSeedThread(task: WebSeedTask<MessagePort>): Promise<void> {
  const { port, route, clientName } = task;
  const visitor = new HttpVisitor(route, clientName);
  const fetcher = new WebSeedFetcher({
    ...task,
    ledger: new Ledger(task.ledger),
    arena: new Arena(task.arena),
    visitor,
    clock: new LivedClock(monotonicMs).now,
    sleep: (ms) => sleep(ms),
    post: (event) => port.postMessage(event),
  });
  port.on('message', (command: WebSeedCommand) => fetcher.command(command));
  await fetcher.run();
  visitor.close();
  port.postMessage({ type: 'stopped' });
  port.close();
}
