/** Several shards over one ledger in virtual time, and peers that stop in the middle. */
import assert from 'node:assert/strict';
import type { FullPiece } from '../../src/shared/messages.ts';
import { type FakePeer, type FakePeerScript, seedScript } from './fake-peer.ts';
import { payload } from './payload.ts';
import { VirtualShard } from './virtual-shard.ts';
import { INFO_HASH, type VirtualShardOptions } from './virtual-shard-setup.ts';
import { wire } from './wire-bytes.ts';

export const BLOCK = 16_384;
export const BLOCKS = 16;

/** Several shards over one ledger; returns when all is verified, in milliseconds, or NaN. */
export function completesAt(
  shards: readonly (readonly FakePeerScript[])[],
  options: VirtualShardOptions,
  ms: number,
): { readonly ms: number; readonly fakes: FakePeer[][]; readonly first: VirtualShard } {
  const all: VirtualShard[] = [];
  for (const _ of shards) {
    const common = { hasNeighbours: shards.length > 1, chokedTimeoutMs: 600_000, ...options };
    all.push(new VirtualShard(all[0] === undefined ? common : { ...common, beside: all[0] }));
  }
  const [first] = all;
  assert.ok(first?.ledger && first.arena);
  const { ledger, arena } = first;
  const fakes = all.map((shard, i) => shard.add(...(shards[i] ?? [])));
  const seen = new Set<FullPiece>();
  const isGood = ({ piece, slot }: FullPiece): boolean => {
    const bytes = arena.pieceBytes(slot);
    return Buffer.compare(bytes, payload(piece, 0, bytes.length)) === 0;
  };
  for (let at = 0; at < ms; at += 10) {
    first.run(10);
    for (const shard of all) shard.judge(isGood, seen);
    if (ledger.complete) return { ms: at + 10, fakes, first };
  }
  return { ms: Number.NaN, fakes, first };
}

/** Sends this many blocks and then the next one very slowly, four bytes every half second. */
export function crawler(blocksFirst = 0): FakePeerScript {
  let left = blocksFirst;
  let crawls = false;
  return {
    script: seedScript(INFO_HASH, 1, 10),
    delayMs: 5,
    serves: (...place) => (left > 0 ? payload(...place) : null),
    hears: (peer, id, message) => {
      if (id !== 6) return false;
      if (left-- > 0) return false;
      if (crawls) return true;
      crawls = true;
      const [piece, begin, length] = [
        message.readUInt32BE(0),
        message.readUInt32BE(4),
        message.readUInt32BE(8),
      ];
      const bytes = wire.piece(piece, begin, payload(piece, begin, length));
      for (let at = 0; at < 2_000; at += 4) peer.sayLater(at * 125, bytes.subarray(at, at + 4));
      return true;
    },
  };
}

/** One piece of 16 blocks. */
export const ONE_PIECE = { pieces: 1, pieceLength: BLOCKS * BLOCK, slots: 2 };

/** Sends this many blocks and falls silent. */
export function falling(blocks: number): FakePeerScript {
  let left = blocks;
  return {
    script: seedScript(INFO_HASH, 1, 10),
    delayMs: 5,
    serves: (...place) => (left-- > 0 ? payload(...place) : null),
  };
}
