/** The outside of a shard: time, network, turns and the way to the main thread, so that a test can make its own. */
import type { Clock } from '../../shared/clock.ts';
import type { ShardEvent, ShardLoad } from '../../shared/messages.ts';
import type { RandomBytes } from '../transport/encryption/key-exchange.ts';
import type { Transport } from '../transport/transport.ts';

/** How the thread fares. */
export type Load = Omit<ShardLoad, 'shortages'>;

export interface ShardWorld {
  /** Lived time: all deadlines count by it. */
  readonly clock: Clock;
  /** A moment of it on the clock that all threads share, as it is told to main. */
  readonly shared: (lived: number) => number;
  readonly transport: Transport;
  readonly random: () => number;
  /** For keys. */
  readonly randomBytes: RandomBytes;
  /** The next turn of the event loop. */
  readonly soon: (work: () => void) => void;
  readonly later: (ms: number, work: () => void) => void;
  /** The addresses of this machine; null where they are not known. */
  readonly ownAddresses: () => readonly string[] | null;
  readonly post: (event: ShardEvent) => void;
  readonly load: () => Load;
  /** A bug of ours surfaced in a callback. */
  readonly fail: (error: unknown) => void;
}
