/**
 * The shard of an address: a pure function of address and number of shards, so an address that is found again goes to the same
 * thread. Also how limits on peers are split.
 */
import type { ShardShare } from '../../shared/messages.ts';

/** FNV-1a over `host:port` with a final mix, because addresses often differ only in their last bits. */
export function shardOf(host: string, port: number, shards: number): number {
  let hash = 0x811c_9dc5;
  const text = `${host}:${port}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  return (hash >>> 0) % shards;
}

/** The share of a limit for one shard, as even as integers allow; the first shards get the rest. 0 is no limit. */
export function shareOf(limit: number, shard: number, shards: number): number {
  if (limit === 0 || limit === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor(limit / shards) + (shard < limit % shards ? 1 : 0));
}

export interface PeerLimits {
  readonly halfOpen: number;
  readonly dialRatePerS: number;
  readonly descriptors: number;
}

export function shardShare(limits: PeerLimits, shard: number, shards: number): ShardShare {
  return {
    halfOpen: shareOf(limits.halfOpen, shard, shards),
    dialRatePerS: shareOf(limits.dialRatePerS, shard, shards),
    openPeers: shareOf(limits.descriptors, shard, shards),
  };
}
