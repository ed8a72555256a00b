/** A whole download of one shard in virtual time; the test plays main. */
import assert from 'node:assert/strict';
import type { FullPiece } from '../../src/shared/messages.ts';
import { type FakePeerScript, seedScript } from './fake-peer.ts';
import { payload } from './payload.ts';
import { VirtualShard } from './virtual-shard.ts';
import { INFO_HASH, type VirtualShardOptions } from './virtual-shard-setup.ts';

/** Runs until `ms` and judges pieces like main; checks that every full slot holds the right bytes. */
export function download(options: VirtualShardOptions, ms: number, peers: readonly FakePeerScript[]) {
  const shard = new VirtualShard({ slots: 4, chokedTimeoutMs: 600_000, ...options });
  const fakes = shard.add(...peers);
  const seen = new Set<FullPiece>();
  const isGood = ({ piece, slot }: FullPiece): boolean => {
    assert.ok(shard.arena);
    const bytes = shard.arena.pieceBytes(slot);
    return Buffer.compare(bytes, payload(piece, 0, bytes.length)) === 0;
  };
  for (let passed = 0; passed < ms; passed += 10) {
    shard.run(10);
    shard.judge(isGood, seen);
  }
  const { ledger } = shard;
  assert.ok(ledger);
  return { shard, fakes, verified: ledger.verifiedCount, ledger };
}

/** A polite seed of eight pieces, 5 ms away. */
export const seed = (more: Partial<FakePeerScript> = {}): FakePeerScript => ({
  script: seedScript(INFO_HASH, 8, 100),
  serves: payload,
  delayMs: 5,
  ...more,
});
