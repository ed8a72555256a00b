/** The search for the hashes of the blocks of a bad piece (BEP 52): which peers it asks, when it asks them, and how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LeafSearch, leafSearch } from '../../src/main/hashes/leaf-search.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { type PieceIndex, peerIndex } from '../../src/shared/indices.ts';
import {
  HASHES_TIMEOUT_MS,
  LEAF_ASK_MORE_MS,
  LEAF_ASKS_AT_ONCE,
  MAX_LEAF_ASKS,
} from '../../src/shared/limits.ts';
import { leavesOf } from '../../src/shared/merkle.ts';
import { content, hybridParts, torrentOfParts } from '../support/version2-torrents.ts';

const PIECE = 65_536;
const FILES = [
  { name: 'a', bytes: content(2 * PIECE + 20_000, 1) },
  { name: 'b', bytes: content(5, 2) },
];
const PEERS = Array.from({ length: 40 }, (_, i) => peerIndex(i));

function begun(piece: number): LeafSearch | null {
  const { version2, geometry } = parseMetainfo(torrentOfParts(hybridParts(FILES, PIECE)), 'test');
  assert.ok(version2 !== null);
  return leafSearch(piece as PieceIndex, version2.trees, version2.files, geometry, 0);
}

/** Those of piece 2: two blocks, and zeros up to four. */
const leaves = Buffer.concat([
  leavesOf((FILES[0]?.bytes ?? Buffer.alloc(0)).subarray(2 * PIECE)),
  Buffer.alloc(64),
]);

test('a piece is asked for as a whole, with its own root as the proof', async () => {
  const search = begun(2) ?? assert.fail();
  const { base, index, count, proofs } = search.request;
  assert.deepEqual({ base, index, count, proofs }, { base: 0, index: 8, count: 4, proofs: 1 });
  const [first] = search.next(PEERS, 0);
  assert.equal(search.arrived(first ?? PEERS[0] ?? peerIndex(0), leaves), false);
  assert.deepEqual([search.isOver, await search.found], [true, leaves]);
});

test('a piece of one block has no such hashes: its root is the hash of the block', () => {
  assert.equal(begun(3), null);
});

test('a few are asked at one time; others when these refuse or are slow; nobody twice', async () => {
  const search = begun(0) ?? assert.fail();
  const first = search.next(PEERS, 0);
  assert.equal(first.length, LEAF_ASKS_AT_ONCE);
  assert.deepEqual(search.next(PEERS, 1), []);
  for (const peer of first) search.arrived(peer, null);
  const second = search.next([...PEERS].reverse(), 2);
  assert.deepEqual(second, [39, 38, 37, 36]);
  const third = search.next(PEERS, 2 + LEAF_ASK_MORE_MS);
  assert.deepEqual(third, [4, 5, 6, 7]);
  assert.deepEqual([...search.silent], [...second, ...third]);
  assert.equal(search.next(PEERS, 2 + 2 * LEAF_ASK_MORE_MS).length, MAX_LEAF_ASKS - 12);
  assert.deepEqual(search.next(PEERS, HASHES_TIMEOUT_MS), []);
  assert.deepEqual([search.isOver, await search.found], [true, null]);
});

test('when all have refused it is over at once', async () => {
  const search = begun(0) ?? assert.fail();
  for (const peer of search.next(PEERS.slice(0, 2), 0)) search.arrived(peer, null);
  assert.deepEqual(search.next(PEERS.slice(0, 2), 1), []);
  assert.equal(await search.found, null);
});

test('hashes that do not lead to the root of the piece are a lie, and others are asked on', () => {
  const search = begun(2) ?? assert.fail();
  const [liar] = search.next(PEERS, 0);
  const wrong = Buffer.from(leaves);
  wrong[3] = (wrong[3] ?? 0) ^ 1;
  assert.equal(search.arrived(liar ?? peerIndex(0), wrong), true);
  assert.equal(search.arrived(liar ?? peerIndex(0), Buffer.alloc(0)), true);
  assert.equal(search.isOver, false);
});
