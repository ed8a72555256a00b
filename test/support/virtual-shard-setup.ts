/** The set-up of a virtual shard and its torrent. */
import { peerIndex, type ShardId } from '../../src/shared/indices.ts';
import { CHOKED_RACE_MS } from '../../src/shared/limits.ts';
import type {
  Encryption,
  GivenFiles,
  PickOrder,
  ShardShare,
  ShardTask,
  Strategy,
  TorrentEntry,
} from '../../src/shared/messages.ts';
import { RateBucket } from '../../src/shared/rate-bucket.ts';
import type { VirtualShard } from './virtual-shard.ts';

export const INFO_HASH = Buffer.alloc(20, 0xab);
export const OUR_PEER_ID = Buffer.from('-UC0100-abcdefghijkl');

export interface VirtualShardOptions {
  readonly pieces?: number;
  readonly pieceLength?: number;
  /** Shorter than pieces x pieceLength for a short last piece. */
  readonly totalLength?: number;
  readonly strategy?: Strategy;
  readonly share?: Partial<ShardShare>;
  readonly workingPeers?: number;
  /** With a ledger and an arena of this many slots; without: only a race. */
  readonly slots?: number;
  readonly chokedTimeoutMs?: number;
  readonly order?: PickOrder;
  readonly hasNeighbours?: boolean;
  readonly encryption?: Encryption;
  readonly pex?: boolean;
  /** With uTP. */
  readonly holepunch?: boolean;
  readonly cluster?: boolean;
  readonly dht?: boolean;
  readonly private?: boolean;
  /** The cut hash of version 2 (BEP 52). */
  readonly infoHashV2?: Uint8Array;
  /** The torrent is not known until `setTorrent`. */
  readonly magnet?: boolean;
  /** The current addresses of this machine. */
  readonly ownAddresses?: () => readonly string[];
  /** Our address for dials. */
  readonly localAddress?: string;
  /** How many pieces, from the first on, are already verified. */
  readonly verified?: number;
  /** Bytes per second given to peers. */
  readonly uploadLimit?: number;
  /** Bytes per second requested. */
  readonly downloadLimit?: number;
  /** Where its pieces are, if it gives them to peers. */
  readonly given?: Partial<GivenFiles>;
  /** Downloads the same torrent as this one: another shard over the same ledger, arena and time. */
  readonly beside?: VirtualShard;
}

export function taskOf(options: VirtualShardOptions, shard: ShardId): ShardTask<unknown> {
  const unlimited = Number.POSITIVE_INFINITY;
  return {
    shard,
    port: null,
    clientName: 'unchoke test',
    share: { halfOpen: unlimited, dialRatePerS: unlimited, openPeers: unlimited, ...options.share },
    encryption: options.encryption ?? 'off',
    proxy: null,
    localAddress: options.localAddress ?? null,
    utp: options.holepunch ?? false,
    downloadRate: options.downloadLimit === undefined ? null : RateBucket.allocate(options.downloadLimit),
    uploadRate: options.uploadLimit === undefined ? null : RateBucket.allocate(options.uploadLimit),
  };
}

export function entryOf(options: VirtualShardOptions): TorrentEntry {
  return {
    infoHash: INFO_HASH,
    infoHashV2: options.infoHashV2 ?? null,
    peerId: OUR_PEER_ID,
    strategy: options.strategy ?? 'first-unchoke',
    workingPeers: options.workingPeers ?? Number.POSITIVE_INFINITY,
    chokedTimeoutMs: options.chokedTimeoutMs ?? CHOKED_RACE_MS,
    reconnect: options.slots !== undefined,
    pex: options.pex ?? false,
    holepunch: options.holepunch ?? false,
    cluster: options.cluster ?? false,
    dht: options.dht ?? false,
    accepts: true,
    incoming: { first: peerIndex(1_000), step: 1 },
  };
}
