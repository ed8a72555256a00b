/** A shard whose thread dies of an exception in a timer, once data flows; its replacement lives. */
import type { MessagePort } from 'node:worker_threads';
import type { ShardTask } from '../../src/shared/messages.ts';
import peerShard from '../../src/workers/shard/peer-shard.ts';

const FIRST_LIVES = 2;
const DIES_AFTER_MS = 400;

export default function crashingShard(task: ShardTask<MessagePort>): Promise<void> {
  if (task.shard <= FIRST_LIVES) {
    setTimeout(() => {
      throw new Error('injected death of a shard');
    }, DIES_AFTER_MS);
  }
  return peerShard(task);
}
