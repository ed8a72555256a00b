/** A web-seed thread that dies of an exception outside its guard when two pieces are full. Its replacement lives. */
import type { MessagePort } from 'node:worker_threads';
import { webSeedsOwner } from '../../src/shared/slot-owner.ts';
import type { WebSeedEvent, WebSeedTask } from '../../src/shared/web-seed-messages.ts';
import webSeedTask from '../../src/workers/web-seeds/web-seed-task.ts';

const FULL_BEFORE = 2;

export default function dyingWebSeedThread(task: WebSeedTask<MessagePort>): Promise<void> {
  const { port, owner } = task;
  const post = port.postMessage.bind(port);
  let full = 0;
  port.postMessage = (event: WebSeedEvent) => {
    if (event.type === 'full') full += 1;
    if (owner === webSeedsOwner(0) && full === FULL_BEFORE)
      setImmediate(() => {
        throw new Error('injected death of the web-seed thread');
      });
    post(event);
  };
  return webSeedTask(task);
}
