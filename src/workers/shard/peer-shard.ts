/**
 * The task that a Piscina thread runs while its shard lives. Commands come down the port, events go up. The task must stay
 * pending: between tasks a Piscina thread may sleep, and its sockets with it.
 */
import { randomBytes } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import { monotonicMs } from '../../shared/clock.ts';
import { SYSTEM_FILES } from '../../shared/file-system.ts';
import { TICK_MS } from '../../shared/limits.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import type { ShardCommand, ShardTask } from '../../shared/messages.ts';
import { ownAddresses } from '../../shared/own-addresses.ts';
import { HedgedTransport } from '../transport/hedged-transport.ts';
import { TcpTransport } from '../transport/tcp-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { UtpEndpoint } from '../transport/utp/utp-endpoint.ts';
import { LoopDelay } from './loop-delay.ts';
import { Shard } from './shard.ts';

/** Resolves after the stop command, when every socket is closed. A bug of ours ends the thread. */
export default async function peerShard(task: ShardTask<MessagePort>): Promise<void> {
  const { port } = task;
  const lived = new LivedClock(monotonicMs);
  const transport = await transportOf(task, lived);
  const delay = new LoopDelay(lived);
  await new Promise<void>((resolve) => {
    const shard = new Shard(task, {
      clock: lived.now,
      shared: lived.shared,
      transport,
      files: SYSTEM_FILES,
      random: Math.random,
      randomBytes: (count) => randomBytes(count),
      soon: (work) => void setImmediate(work),
      later,
      ownAddresses,
      post: (event) => port.postMessage(event),
      load: () => ({ activeMs: performance.eventLoopUtilization().active, ...delay.figures }),
      // The thread must die, not only its task: its sockets would go on writing into slots that belong to other holders by then.
      fail: (error) => {
        setImmediate(() => {
          throw error;
        });
      },
    });
    const measure = (): void => delay.turn(!shard.isIdle);
    const ticker = setInterval(() => {
      delay.look();
      shard.guard(() => shard.tick());
      measure();
    }, TICK_MS);
    port.on('message', (command: ShardCommand) => {
      shard.guard(() => shard.command(command));
      measure();
      if (command.type !== 'stop') return;
      clearInterval(ticker);
      delay.turn(false);
      port.close();
      resolve();
    });
  });
}

/** The code for SOCKS is loaded only if there is a proxy. */
async function transportOf(
  { proxy, localAddress, utp }: ShardTask<MessagePort>,
  { now: clock }: LivedClock,
): Promise<Transport> {
  if (proxy === null) {
    const tcp = new TcpTransport(localAddress);
    if (!utp) return tcp;
    const { readBuffer } = tcp;
    return new HedgedTransport(
      tcp,
      new UtpEndpoint({ localAddress, readBuffer, clock, timestamps: monotonicMs }),
      { clock, later },
    );
  }
  const { SocksTransport } = await import('../transport/socks-transport.ts');
  return new SocksTransport(proxy);
}

function later(ms: number, work: () => void): void {
  setTimeout(work, ms);
}
