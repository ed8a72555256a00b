/** Pieces of a plain file, of which no hash is known at first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnhashedPieces } from '../../src/main/download/unhashed-pieces.ts';
import { LearnedHashes } from '../../src/main/torrent/learned-hashes.ts';
import type { Metainfo } from '../../src/main/torrent/metainfo.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PeerIndex, PieceIndex, ShardId } from '../../src/shared/indices.ts';
import { BLOCK_BYTES } from '../../src/shared/limits.ts';
import { peerAsSender, type Sender, webSeedAsSender } from '../../src/shared/sender.ts';
import type { PieceToStore } from '../../src/shared/storage-messages.ts';

const NODE = peerAsSender(7 as PeerIndex);
const SERVER = webSeedAsSender(0);
const OWNER = 1 as ShardId;
const hashOf = (value: number): Buffer => Buffer.alloc(20, value);

/** Pieces of two blocks; `fill` makes the piece full, of these senders. */
function begin(trustsSource = false) {
  const memory = Arena.allocate(geometry(8 * BLOCK_BYTES, 2 * BLOCK_BYTES), 8 * BLOCK_BYTES);
  const arena = new Arena(memory);
  const hashes = new LearnedHashes(4, trustsSource);
  const stored: PieceToStore[] = [];
  const given: PieceIndex[] = [];
  const wanted: PieceIndex[] = [];
  const timers = new Set<() => void>();
  hashes.onWanted((pieces) => wanted.push(...pieces));
  const plainFile = { hashes, sha256: null, stamp: { modified: null, etag: null } };
  const unhashed = UnhashedPieces.of({ plainFile } as Metainfo, memory, {
    later: (_, work) => {
      timers.add(work);
      return () => void timers.delete(work);
    },
    store: (pieces) => stored.push(...pieces),
    giveUp: ({ piece }) => given.push(piece),
  });
  assert.ok(unhashed !== null);
  const fill = (at: number, ...senders: Sender[]): PieceToStore => {
    const piece = at as PieceIndex;
    const slot = arena.claim(piece, OWNER);
    assert.ok(slot !== null);
    for (const [block, sender] of senders.entries()) {
      arena.take(slot, block);
      arena.receive(slot, block, sender);
    }
    const full = { piece, slot, suspect: false };
    unhashed.store([full]);
    return full;
  };
  return { hashes, unhashed, stored, given, wanted, timers, fill };
}

test('a piece of the server makes its hash; one with a block of a node waits until a hash is said', () => {
  const { hashes, stored, wanted, timers, fill } = begin();
  const own = fill(0, SERVER, SERVER);
  assert.deepEqual(stored, [{ ...own, makesHash: true }]);
  const mixed = fill(1, SERVER, NODE);
  assert.deepEqual([stored.length, wanted, timers.size], [1, [1], 1]);
  assert.equal(hashes.learn(1 as PieceIndex, hashOf(1)), true);
  assert.deepEqual([stored[1], timers.size], [mixed, 0]);
  hashes.learn(2 as PieceIndex, hashOf(2));
  const known = fill(2, SERVER, SERVER);
  assert.deepEqual(stored[2], known, 'a known hash is not made again');
});

test('nobody says the hash: the piece is fetched again', () => {
  const { given, timers, stored, hashes, fill } = begin();
  fill(3, NODE, NODE);
  for (const work of [...timers]) work();
  assert.deepEqual(given, [3]);
  hashes.learn(3 as PieceIndex, hashOf(3));
  assert.deepEqual(stored, [], 'its slot is gone');
});

test('a hash that was said while another one was made: the piece is bad', () => {
  const { unhashed, hashes, fill } = begin();
  const [same, other] = [fill(0, SERVER, SERVER), fill(1, SERVER, SERVER)];
  hashes.learn(1 as PieceIndex, hashOf(9));
  const made = [same, other].map(({ piece }) => ({ piece, hash: hashOf(1) }));
  const nothing = { isSplit: false, evidence: [], withheld: [], edges: [], writeBytes: 0, fault: null };
  const judged = unhashed.judged({ type: 'stored', good: [same, other], bad: [], made, ...nothing });
  assert.deepEqual([judged.good, judged.bad], [[same], [other]]);
  assert.deepEqual(
    [hashes.of(0 as PieceIndex), hashes.of(1 as PieceIndex)].map((hash) => hash?.[0]),
    [1, 9],
  );
});

test('with the hash of the file, a piece of the server is right whatever a node said of it, and the server is not blamed', () => {
  const { unhashed, hashes, stored, fill } = begin(true);
  const accused: string[] = [];
  hashes.onWrong(({ name }) => accused.push(name));
  hashes.learn(1 as PieceIndex, hashOf(9), { id: 'aa', name: 'liar' });
  const full = fill(1, SERVER, SERVER);
  assert.deepEqual(stored, [{ ...full, makesHash: true }]);
  const nothing = { isSplit: false, evidence: [], withheld: [], edges: [], writeBytes: 0, fault: null };
  const made = [{ piece: full.piece, hash: hashOf(1) }];
  const judged = unhashed.judged({ type: 'stored', good: [full], bad: [], made, ...nothing });
  assert.deepEqual([judged.good, judged.bad, accused], [[full], [], ['liar']]);
  assert.equal(hashes.of(1 as PieceIndex)?.[0], 1);
  const mixed = fill(2, SERVER, NODE);
  hashes.learn(2 as PieceIndex, hashOf(2), { id: 'aa', name: 'other' });
  assert.deepEqual(stored[1], mixed, 'a block of a node is no word of the source');
});

test('two nodes say different hashes of a piece: the one that it has counts, and no sender is blamed', () => {
  const { unhashed, hashes, given, fill } = begin(true);
  const piece = 1 as PieceIndex;
  hashes.learn(piece, hashOf(9), { id: 'aa', name: 'liar' });
  hashes.dispute(piece, hashOf(1), { id: 'bb', name: 'honest' });
  const full = fill(1, NODE, NODE);
  const nothing = { isSplit: false, evidence: [], withheld: [], edges: [], writeBytes: 0, fault: null };
  const failed = { type: 'stored' as const, good: [], bad: [full], made: [], ...nothing };
  assert.deepEqual([unhashed.judged(failed).bad, given], [[], [1]]);
  assert.deepEqual([hashes.of(piece)?.[0], hashes.sayerOf(piece)?.name], [1, 'honest']);
  // The other one may come after all.
  assert.equal(hashes.turn(piece), true);
  assert.deepEqual([hashes.of(piece)?.[0], hashes.sayerOf(piece)?.name], [9, 'liar']);
  assert.equal(hashes.turn(0 as PieceIndex), false);
  // What has neither of both, again and again, is the fault of its sender.
  while (hashes.turn(piece));
  assert.deepEqual(unhashed.judged(failed).bad, [full]);
});
