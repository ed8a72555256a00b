/** Two shards over one ledger and one arena, in virtual time: the endgame crosses from one to the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceIndex, SlotIndex } from '../../src/shared/indices.ts';
import { shardId } from '../../src/shared/indices.ts';
import { PIECE_STATE } from '../../src/shared/ledger.ts';
import type { FullPiece } from '../../src/shared/messages.ts';
import { crawling, type FakePeerScript, seedScript } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { wire } from '../support/wire-bytes.ts';

const BLOCK = 16_384;
const BLOCKS = 16;
const PIECE = 0 as PieceIndex;
const SLOT = 0 as SlotIndex;

/** One piece of 16 blocks; the first shard has it, the second has nothing to do. */
function pair(first: Partial<FakePeerScript>, second: Partial<FakePeerScript>) {
  const options = {
    pieces: 1,
    pieceLength: BLOCKS * BLOCK,
    slots: 2,
    hasNeighbours: true,
    chokedTimeoutMs: 600_000,
  };
  const owner = new VirtualShard(options);
  const guest = new VirtualShard({ ...options, beside: owner });
  const [slow] = owner.add({ script: seedScript(INFO_HASH, 1, 10), delayMs: 5, ...first });
  const [quick] = guest.add({
    script: seedScript(INFO_HASH, 1, 200),
    delayMs: 5,
    serves: payload,
    ...second,
  });
  const { ledger, arena } = owner;
  assert.ok(slow && quick && ledger && arena);
  const seen = new Set<FullPiece>();
  const isGood = (): boolean => Buffer.compare(arena.pieceBytes(SLOT), payload(0, 0, BLOCKS * BLOCK)) === 0;
  const run = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 10) {
      owner.run(10);
      for (const shard of [owner, guest]) shard.judge(isGood, seen);
    }
  };
  return { owner, guest, slow, quick, ledger, arena, run, full: () => seen.size };
}

/** Sends this many blocks, then falls silent. */
function serving(blocks: number): NonNullable<FakePeerScript['serves']> {
  let served = 0;
  return (piece, begin, length) => (served++ < blocks ? payload(piece, begin, length) : null);
}

test('the rest of the last piece of a silent peer in one shard comes from the other shard, block by block', () => {
  const { slow, quick, ledger, run, full, guest } = pair({ serves: serving(13) }, {});
  run(4_000);
  assert.equal(ledger.verifiedCount, 1);
  assert.deepEqual(
    quick.requests.map(({ begin }) => begin / BLOCK),
    [13, 14, 15],
    'only what was absent',
  );
  assert.equal(slow.heard.filter((id) => id === 8).length, 3, 'the silent one was told to forget them');
  assert.equal(full(), 1, 'one shard reports it');
  assert.deepEqual(
    guest.full.map(({ slot }) => slot),
    [SLOT],
  );
});

test('both shards forget the piece and free its slot', () => {
  const { arena, run } = pair({ serves: serving(13) }, {});
  run(5_000);
  assert.equal(arena.freeCount(), 1, 'the arena has one slot a piece, and it is free');
});

test('a slow peer gets help although it never stops', () => {
  const block = (i: number) => wire.piece(0, i * BLOCK, payload(0, i * BLOCK, BLOCK));
  const everySoOften = Array.from({ length: BLOCKS }, (_, i) => [50 + 400 * i, { say: block(i) }] as const);
  const { ledger, quick, run } = pair({ script: [...seedScript(INFO_HASH, 1, 10), ...everySoOften] }, {});
  run(5_000);
  assert.equal(ledger.verifiedCount, 1);
  assert.ok(quick.requests.length > 0 && quick.requests.length < BLOCKS);
});

test('a block that is slow in one shard is requested again by its guest', () => {
  const crawl = crawling(wire.piece(0, 15 * BLOCK, payload(0, 15 * BLOCK, BLOCK)), 300);
  const { ledger, quick, run } = pair(
    { script: [...seedScript(INFO_HASH, 1, 10), ...crawl], serves: serving(15) },
    {},
  );
  run(1_500);
  assert.equal(ledger.verifiedCount, 0, 'the fault fired');
  run(2_500);
  assert.equal(ledger.verifiedCount, 1);
  assert.ok(quick.requests.every(({ begin }) => begin === 15 * BLOCK));
});

test('at most two peers of each shard are asked for a block at a time', () => {
  const silent = { script: seedScript(INFO_HASH, 1, 10) };
  const { owner, guest, slow, quick, run } = pair({}, { serves: () => null });
  const others = [...owner.add(silent, silent), ...guest.add(silent, silent)];
  run(9_000);
  const [ours, theirs] = [
    [slow, ...others.slice(0, 2)],
    [quick, ...others.slice(2)],
  ];
  for (const side of [ours, theirs]) {
    const open = side.flatMap((fake) => fake.open.map(({ begin }) => begin / BLOCK));
    for (let block = 0; block < BLOCKS; block++)
      assert.ok(open.filter((one) => one === block).length <= 2, `block ${block}`);
  }
  assert.ok(
    quick.requests.length > 0 || others.some(({ requests }) => requests.length > 0),
    'a guest joined',
  );
});

test('the owner cleans up after a guest that dies in the middle of a block', () => {
  const { ledger, arena, run, owner } = pair({ serves: serving(10) }, { connect: 'ignore' });
  run(300);
  const dead = shardId(9);
  assert.equal(arena.join(SLOT, PIECE, dead), true);
  assert.equal(arena.take(SLOT, 12), true);
  arena.bury(SLOT, dead);
  owner.add({ script: seedScript(INFO_HASH, 1, 10), serves: payload, delayMs: 5 });
  run(4_000);
  assert.equal(ledger.verifiedCount, 1);
});

test('a guest whose owner dies leaves, and begins the piece again', () => {
  const { ledger, arena, run, quick } = pair({ serves: serving(10) }, { delayMs: 1_500 });
  run(1_900);
  assert.ok(quick.requests.length > 0, 'it had joined');
  arena.bury(SLOT, shardId(1));
  assert.equal(ledger.stateOf(PIECE), PIECE_STATE.claimed);
  ledger.reset(PIECE);
  arena.discard(SLOT);
  run(500);
  assert.notEqual(arena.ownerOf(SLOT), 1, 'the slot is free again, or another holder has it');
});
