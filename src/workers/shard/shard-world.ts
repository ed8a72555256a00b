/** Everything outside a shard: time, network, turns of the event loop and the way to the main thread. A test provides its own. */
import type { Clock } from '../../shared/clock.ts';
import type { FileSystem } from '../../shared/file-system.ts';
import type { ShardEvent } from '../../shared/messages.ts';
import type { ShardLoad } from '../../shared/shard-load.ts';
import type { RandomBytes } from '../transport/encryption/key-exchange.ts';
import type { Transport } from '../transport/transport.ts';

/** The load of the thread. */
export type Load = Omit<ShardLoad, 'shortages'>;

export interface ShardWorld {
  /** Lived time: all deadlines use it. */
  readonly clock: Clock;
  /** Converts a moment of it to the clock that all threads share, for main. */
  readonly shared: (lived: number) => number;
  readonly transport: Transport;
  /** For files that are given to peers. */
  readonly files: FileSystem;
  readonly random: () => number;
  /** For keys. */
  readonly randomBytes: RandomBytes;
  /** The next turn of the event loop. */
  readonly soon: (work: () => void) => void;
  readonly later: (ms: number, work: () => void) => void;
  /** The addresses of this machine; null if they are not known. */
  readonly ownAddresses: () => readonly string[] | null;
  readonly post: (event: ShardEvent) => void;
  readonly load: () => Load;
  /** A bug of ours was found in a callback. */
  readonly fail: (error: unknown) => void;
}
