/** Runs the commands of `unchoke fleet` that change jobs or the queue: `retry`, `remove`, `pause` and `resume`. */
import { Failure } from '../../failure.ts';
import type { FleetQueue } from '../../fleet/fleet-queue.ts';
import { openFleet } from '../../fleet/open-fleet.ts';
import { counted } from '../../text/units.ts';
import type { FleetJobFlags, QueueFlags } from '../commands/fleet.ts';
import { fleetSettings } from '../fleet-settings.ts';
import { Console } from '../output/console.ts';

export function runFleetRetry(hashes: readonly string[], flags: FleetJobFlags): Promise<void> {
  if ((hashes.length === 0) === (flags.all !== true))
    throw new Failure('usage', 'fleet retry: give the info hashes of jobs, or --all');
  return withQueue(flags, async (queue, console) => {
    if (flags.all === true)
      return console.result(`${counted(await queue.retryAll(), 'job')} will be tried again`);
    for (const hash of hashes) {
      const id = idOf(hash);
      const answer = await queue.retry(id);
      if (answer === 'absent') throw absent(id);
      if (answer === 'other')
        throw new Failure(
          'usage',
          `${id}: this job has not failed; unchoke fleet status shows those that have`,
        );
      console.result(`will be tried again: ${id}`);
    }
  });
}

export function runFleetRemove(hashes: readonly string[], flags: QueueFlags): Promise<void> {
  return withQueue(flags, async (queue, console) => {
    for (const hash of hashes) {
      const id = idOf(hash);
      const answer = await queue.remove(id);
      if (answer === 'absent') throw absent(id);
      if (answer === 'active')
        throw new Failure(
          'usage',
          `${id}: a machine is at work on this job; remove it when that machine has stopped`,
        );
      console.result(`removed: ${id}`);
    }
  });
}

export function runFleetPause(flags: QueueFlags): Promise<void> {
  return withQueue(flags, async (queue, console) => {
    await queue.pause();
    console.result('paused: no machine begins a job until unchoke fleet resume');
  });
}

export function runFleetResume(flags: QueueFlags): Promise<void> {
  return withQueue(flags, async (queue, console) => {
    await queue.resume();
    console.result('resumed');
  });
}

async function withQueue(
  flags: QueueFlags,
  work: (queue: FleetQueue, console: Console) => Promise<void>,
): Promise<void> {
  const { address, console: options } = fleetSettings(flags);
  const queue = await openFleet(address);
  try {
    await work(queue, new Console(options));
  } finally {
    await queue.close();
  }
}

/** Ids of jobs are info hashes in small letters. */
function idOf(hash: string): string {
  const id = hash.toLowerCase();
  if (!/^(?:[\da-f]{40}|[\da-f]{64})$/.test(id))
    throw new Failure(
      'usage',
      `${hash}: not an info hash of 40 or 64 hexadecimal characters; unchoke fleet status shows them`,
    );
  return id;
}

function absent(id: string): Failure {
  return new Failure('usage', `${id}: there is no such job in the queue`);
}
