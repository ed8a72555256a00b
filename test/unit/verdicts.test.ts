/** What happens to full pieces after their hash: slots, the next try, and what counts as wasted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Verdicts } from '../../src/main/download/verdicts.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, peerIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger, PIECE_STATE } from '../../src/shared/ledger.ts';
import { peerAsSender, type Sender } from '../../src/shared/sender.ts';
import { blockHashes } from '../support/block-hashes.ts';

const BLOCK = 16_384;
const [OWNER, GUEST] = [shardId(1), shardId(2)];
const PIECE = 0 as PieceIndex;
const [ONE, TWO] = [peerAsSender(peerIndex(1)), peerAsSender(peerIndex(2))];

/** Hashes of the blocks that came, and what a peer says they must be (BEP 52). */
interface Tree {
  readonly came: Uint8Array | null;
  readonly right: Promise<Uint8Array | null> | null;
}

/** A full piece of four blocks in a slot, and main's part. */
function full(senders: readonly Sender[], hasGuest = false, tree: Tree = { came: null, right: null }) {
  const arena = new Arena(Arena.allocate(geometry(4 * BLOCK, 4 * BLOCK), 4 * BLOCK));
  const ledger = new Ledger(Ledger.allocate(1));
  const convicted: Sender[] = [];
  const timers: (() => void)[] = [];
  let reopened = 0;
  const verdicts = new Verdicts(ledger, arena, {
    onConvicted: (sender) => convicted.push(sender),
    onReopened: () => {
      reopened += 1;
    },
    leavesOf: () => tree.right,
    later: (_, work) => {
      timers.push(work);
      return () => void timers.splice(timers.indexOf(work), 1);
    },
  });
  ledger.claim(PIECE, OWNER);
  const slot = arena.claim(PIECE, OWNER);
  assert.ok(slot !== null);
  if (hasGuest) arena.join(slot, PIECE, GUEST);
  for (const [block, sender] of senders.entries()) {
    arena.take(slot, block);
    arena.receive(slot, block, sender);
  }
  ledger.fill(PIECE, OWNER);
  arena.leave(slot, OWNER);
  const [piece] = verdicts.take([{ piece: PIECE, slot }]);
  assert.ok(piece);
  const fail = (): void =>
    verdicts.judge({
      type: 'stored',
      good: [],
      bad: [piece],
      evidence: [
        { piece: PIECE, good: false, blockHashes: blockHashes(arena.pieceBytes(slot)), leaves: tree.came },
      ],
      withheld: [],
      edges: [],
      isSplit: false,
      writeBytes: 0,
      fault: null,
    });
  return { arena, ledger, slot, verdicts, convicted, timers, fail, reopened: () => reopened };
}

test('a bad piece of one sender: the sender is convicted, the piece is thrown away, and the slot is free', () => {
  const { arena, ledger, verdicts, convicted, fail } = full([ONE, ONE, ONE, ONE]);
  fail();
  assert.deepEqual(convicted, [ONE]);
  assert.deepEqual([ledger.stateOf(PIECE), arena.freeCount()], [PIECE_STATE.missing, 1]);
  assert.equal(verdicts.failedBytes, 4 * BLOCK);
});

test('a bad piece from two senders: the blocks of one are kept, and the rule is set before the piece can be claimed', () => {
  const { arena, ledger, slot, verdicts, convicted, fail } = full([ONE, TWO, TWO, TWO]);
  fail();
  assert.deepEqual(convicted, []);
  assert.equal(ledger.stateOf(PIECE), PIECE_STATE.missing);
  assert.deepEqual([arena.parked(), arena.avoidedIn(slot)], [[slot], [ONE]]);
  assert.deepEqual(arena.senders(slot), [null, TWO, TWO, TWO]);
  assert.equal(verdicts.failedBytes, BLOCK);
});

test('while a guest has not left, the piece stays full; it is missing once the guest is gone', () => {
  const { arena, ledger, slot, fail, timers, reopened } = full([ONE, TWO, TWO, TWO], true);
  fail();
  assert.deepEqual([ledger.stateOf(PIECE), timers.length], [PIECE_STATE.full, 1]);
  timers.shift()?.();
  assert.deepEqual([ledger.stateOf(PIECE), timers.length, reopened()], [PIECE_STATE.full, 1, 0]);
  arena.leave(slot, GUEST);
  timers.shift()?.();
  assert.deepEqual([ledger.stateOf(PIECE), timers.length, reopened()], [PIECE_STATE.missing, 0, 1]);
});

test('after the end no slot is waited for, whether its piece failed before or fails now', () => {
  for (const isBefore of [true, false]) {
    const { fail, timers, verdicts, reopened } = full([ONE, TWO, TWO, TWO], true);
    if (isBefore) fail();
    verdicts.stop();
    if (!isBefore) fail();
    assert.deepEqual([timers.length, reopened()], [0, 0]);
  }
});

test('a piece that is reported twice is hashed once', () => {
  const { slot, verdicts } = full([ONE, TWO, TWO, TWO]);
  assert.deepEqual(verdicts.take([{ piece: PIECE, slot }]), []);
});

test('the hashes of its blocks show which one is bad: its sender is convicted, and only that block is fetched again', async () => {
  const right = Buffer.alloc(4 * 32, 7);
  const came = Buffer.from(right);
  came[2 * 32] = 8;
  const { arena, ledger, slot, verdicts, convicted, fail } = full([ONE, TWO, TWO, ONE], false, {
    came,
    right: Promise.resolve(right),
  });
  fail();
  assert.deepEqual([ledger.stateOf(PIECE), convicted], [PIECE_STATE.full, []], 'a peer is asked first');
  await Promise.resolve();
  assert.deepEqual(convicted, [TWO]);
  assert.deepEqual(arena.senders(slot), [ONE, TWO, null, ONE]);
  assert.deepEqual([ledger.stateOf(PIECE), arena.avoidedIn(slot)], [PIECE_STATE.missing, [TWO]]);
  assert.equal(verdicts.failedBytes, BLOCK);
});

test('if no peer has these hashes, or nobody can be asked, the most suspicious sender is left out as ever', async () => {
  for (const right of [Promise.resolve(null), Promise.reject(new Error('it ended')), null]) {
    const came = Buffer.alloc(4 * 32);
    const { arena, slot, convicted, fail } = full([ONE, TWO, TWO, TWO], false, { came, right });
    fail();
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual([convicted, arena.avoidedIn(slot)], [[], [ONE]]);
  }
});

test('hashes that come after the end change nothing', async () => {
  const right = Promise.resolve(Buffer.alloc(4 * 32, 1));
  const { verdicts, convicted, fail, reopened } = full([ONE, TWO, TWO, TWO], false, {
    came: Buffer.alloc(4 * 32),
    right,
  });
  fail();
  verdicts.stop();
  await right;
  await Promise.resolve();
  assert.deepEqual([convicted, reopened()], [[], 0]);
});
