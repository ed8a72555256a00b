/** What a node fetches from outside, and what it gives to others of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Couriers } from '../../src/main/cluster/couriers.ts';
import { InsidePieces } from '../../src/main/cluster/inside-pieces.ts';
import { OutsideWork } from '../../src/main/cluster/outside-work.ts';
import { Shares } from '../../src/main/cluster/shares.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { PIECE_STATE, type PieceState } from '../../src/shared/ledger.ts';
import { HANDOVER_RETURN_MS, SLOW_NODE_PIECE_MS } from '../../src/shared/limits.ts';
import type { PieceSide } from '../../src/shared/reserved-pieces.ts';

/** A node alone in its view, with all pieces missing. */
function workOf(pieces: number, others: readonly string[] = [], kept: Uint8Array | null = null) {
  let openings = 0;
  const states = new Uint8Array(pieces);
  const reserved = new Uint8Array(pieces);
  const shares = new Shares('00'.repeat(20), pieces);
  for (const id of others) shares.join(id);
  const inside = new InsidePieces(pieces);
  const ledger = {
    pieceCount: pieces,
    stateOf: (piece: PieceIndex) => states[piece] as PieceState,
    reserved: {
      close: (side: PieceSide, piece: number, isClosed: boolean) => {
        if (side !== 'outside') return false;
        const was = reserved[piece] === 1;
        reserved[piece] = isClosed ? 1 : 0;
        return was && !isClosed;
      },
      opened: () => {
        openings += 1;
      },
    },
  };
  const couriers = new Couriers('00'.repeat(20), pieces, shares, inside);
  return {
    work: new OutsideWork(ledger, shares, inside, couriers, 1_000, kept),
    states,
    reserved,
    inside,
    openings: () => openings,
  };
}

test('a node fetches its share and nothing that a node has or is fetching', () => {
  const other = 'ff'.repeat(20);
  const { work, inside, reserved, openings } = workOf(100, [other]);
  work.look(0, false);
  const ours = [...work.outlook.free];
  assert.ok(ours.length > 30 && ours.length < 70);
  assert.equal(
    reserved.reduce((sum, one) => sum + one, 0),
    100 - ours.length,
  );
  const [first, second] = ours as [PieceIndex, PieceIndex];
  const bits = new Uint8Array(13);
  bits[first >>> 3] = 0x80 >>> (first & 7);
  inside.told(other, bits);
  inside.busyWith(other, [second]);
  work.look(0, false);
  assert.deepEqual(work.outlook.free, ours.slice(2));
  assert.equal(openings(), 0, 'nothing was opened yet');
  inside.lost(other);
  work.look(0, false);
  assert.equal(openings(), 1);
  assert.deepEqual(work.outlook.free, ours);
  work.look(0, true);
  assert.equal(work.outlook.free.length, 100);
});

test('a node gives of its share by the rates of both, takes it back when it does not come, and gives slow pieces twice', () => {
  const other = 'ff'.repeat(20);
  const { work, states, reserved } = workOf(40);
  work.look(0, false);
  // As fast as we are: half, but no more than it fetches in two seconds.
  assert.equal(work.give(other, 100_000, 100_000, 0).length, 20);
  assert.equal(work.give(other, 3_000, 3_000, 0).length, 6);
  // A node with no rate yet shows with one piece what it can.
  assert.equal(work.give(other, 0, 3_000, 0).length, 1);
  work.look(0, false);
  assert.equal(work.outlook.free.length, 13);
  assert.equal(
    reserved.reduce((sum, one) => sum + one, 0),
    27,
  );
  work.look(HANDOVER_RETURN_MS, false);
  assert.equal(work.outlook.free.length, 40);
  states.fill(PIECE_STATE.claimed);
  work.look(HANDOVER_RETURN_MS, false);
  assert.deepEqual(work.give(other, 1_000, 1_000, HANDOVER_RETURN_MS + 1_000), []);
  const slow = work.give(other, 1_000, 1_000, HANDOVER_RETURN_MS + 60_000);
  assert.equal(slow.length, 4);
  assert.equal(
    slow.every((piece) => reserved[piece] === 0),
    true,
  );
});

test('a piece of which no node can give all bytes is open to each, is given to none, and is no work for others', () => {
  const edges = [3, 4] as PieceIndex[];
  const kept = new Uint8Array(100).fill(1);
  for (const piece of edges) kept[piece] = 0;
  const { work, states, reserved, inside } = workOf(100, ['ff'.repeat(20)], kept);
  work.look(0, false);
  for (const piece of edges) assert.equal(reserved[piece], 0);
  assert.deepEqual(work.outlook.edges, { free: edges, busy: [] });
  assert.deepEqual(
    edges.filter((piece) => work.outlook.free.includes(piece)),
    [],
  );
  states.fill(PIECE_STATE.verified);
  for (const piece of edges) states[piece] = PIECE_STATE.claimed;
  work.look(0, false);
  assert.deepEqual(work.outlook, { free: [], busy: [], edges: { free: [], busy: edges }, isNeeded: false });
  assert.deepEqual(work.give('ff'.repeat(20), 1_000, 1_000, 3_600_000), []);
  // Another node wants other files, and has all of it.
  for (const piece of edges) states[piece] = PIECE_STATE.missing;
  inside.told('ee'.repeat(20), new Uint8Array(13).fill(0xff));
  work.look(0, false);
  for (const piece of edges) assert.equal(reserved[piece], 1);
});

test('a slow piece is given also to a node whose rate is not known: by our rate, and at once if nothing comes here', () => {
  const other = 'ff'.repeat(20);
  const { work, states } = workOf(1);
  states[0] = PIECE_STATE.claimed;
  work.look(0, false);
  // It has 1,000 bytes, of which we need two seconds for 500.
  const from = SLOW_NODE_PIECE_MS + 8_000;
  assert.deepEqual(work.give(other, 0, 250, from - 1), []);
  assert.deepEqual(work.give(other, 0, 250, from), [0]);
  const still = workOf(1);
  still.states[0] = PIECE_STATE.claimed;
  still.work.look(0, false);
  assert.deepEqual(still.work.give(other, 0, 0, SLOW_NODE_PIECE_MS), [0]);
});

test('a piece that was begun since the last look is not given away', () => {
  const { work, states } = workOf(40);
  work.look(0, false);
  states.fill(PIECE_STATE.claimed, 0, 39);
  assert.deepEqual(work.give('ff'.repeat(20), 100_000, 1_000, 0), [39]);
});

test('pieces of a message that the torrent does not have are passed over', () => {
  const { work } = workOf(8);
  work.take([2, 900] as PieceIndex[]);
  work.look(0, false);
  assert.equal(work.outlook.free.length, 8);
});
