/** A shard that throws inside its own guard once data flows; its replacement lives. */
import type { MessagePort } from 'node:worker_threads';
import type { ShardTask } from '../../src/shared/messages.ts';
import peerShard from '../../src/workers/shard/peer-shard.ts';
import { Shard } from '../../src/workers/shard/shard.ts';

const FIRST_LIVES = 2;
const DIES_AFTER_MS = 400;

export default function guardedCrashShard(task: ShardTask<MessagePort>): Promise<void> {
  if (task.shard <= FIRST_LIVES) {
    const tick = Shard.prototype.tick;
    const begun = performance.now();
    Shard.prototype.tick = function throwingTick(this: Shard): void {
      if (performance.now() - begun > DIES_AFTER_MS) throw new Error('injected bug behind the guard');
      tick.call(this);
    };
  }
  return peerShard(task);
}
