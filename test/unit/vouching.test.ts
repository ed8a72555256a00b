/** Whose word about the hashes of a plain file counts, and who is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeSays } from '../../src/main/cluster/node-message.ts';
import type { Node } from '../../src/main/cluster/nodes.ts';
import { Vouching } from '../../src/main/cluster/vouching.ts';
import { LearnedHashes } from '../../src/main/torrent/learned-hashes.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { CLUSTER_STATE_MS, MAKER_WAIT_MS } from '../../src/shared/limits.ts';

const PIECE = 1 as PieceIndex;
const HASH = new Uint8Array(20).fill(5);

interface FakeNode {
  readonly id: string;
  readonly name: string;
  isComplete: boolean;
  state: { makesHashes: boolean; resigned: number };
  readonly said: NodeSays[];
  readonly link: { say(says: NodeSays): void };
}

function fakeNode(id: string): FakeNode {
  const said: NodeSays[] = [];
  const link = { say: (says: NodeSays) => said.push(says) };
  return {
    id,
    name: `node-${id}`,
    isComplete: false,
    state: { makesHashes: false, resigned: 0 },
    said,
    link,
  };
}

/** Node `b`, among these. */
function begin(sha256: string | null, ...others: FakeNode[]) {
  const hashes = new LearnedHashes(3, sha256 !== null);
  const alive = [...others];
  const news: string[] = [];
  let now = 0;
  const file = { hashes, sha256, stamp: { modified: null, etag: null } };
  const vouching = new Vouching('b', file, { alive } as unknown as { alive: Node[] }, {
    now: () => now,
    isCandidate: ({ isComplete }) => !isComplete,
    outside: () => ({ bytes: 0, isNeeded: false, lacks: false }),
    onNews: (text) => news.push(text),
    onWrong: ({ name }) => news.push(`wrong: ${name}`),
  });
  const after = (ms: number): void => {
    now += ms;
    vouching.look();
  };
  const says = (node: FakeNode): void =>
    vouching.heard(node as unknown as Node, {
      kind: 'hashes',
      known: [{ piece: PIECE, hash: HASH }],
      by: null,
    });
  return { vouching, hashes, alive, news, after, says };
}

test('with the hash of the file all nodes fetch their shares, tell what they made, and believe each other', () => {
  const [a, c] = [fakeNode('a'), fakeNode('c')];
  const { vouching, hashes, after, says } = begin('0'.repeat(64), a, c);
  after(MAKER_WAIT_MS);
  assert.deepEqual([vouching.fetchers, vouching.making], ['all', { makesHashes: false, resigned: 0 }]);
  hashes.make(0 as PieceIndex, HASH);
  after(1);
  after(1);
  for (const { said } of [a, c])
    assert.deepEqual(said, [{ kind: 'hashes', known: [{ piece: 0, hash: HASH }], by: null }]);
  says(c);
  assert.equal(hashes.isKnown(PIECE), true);
  assert.equal(a.said.length, 1, 'what others made is theirs to tell');
});

test('while the maker lives only its word counts, and only it is asked', () => {
  const [a, c] = [fakeNode('a'), fakeNode('c')];
  a.state.makesHashes = true;
  const { hashes, alive, after, says } = begin(null, a, c);
  says(c);
  assert.equal(hashes.isKnown(PIECE), false);
  hashes.want([PIECE]);
  assert.deepEqual([a.said, c.said], [[{ kind: 'want', pieces: [PIECE] }], []]);
  alive.shift();
  after(CLUSTER_STATE_MS);
  assert.deepEqual(c.said, [{ kind: 'want', pieces: [PIECE] }], 'it is asked again, of those that are left');
  says(c);
  assert.deepEqual(hashes.of(PIECE), HASH);
  after(CLUSTER_STATE_MS);
  assert.equal(c.said.length, 1, 'what is known is asked no more');
});

test('another hash than the one that is known is told and not taken; what is known is answered', () => {
  const a = fakeNode('a');
  const { vouching, hashes, news, says } = begin('0'.repeat(64), a);
  hashes.learn(PIECE, Buffer.alloc(20, 1));
  says(a);
  assert.match(news[0] ?? '', /^cluster: node-a says another hash for a piece/);
  assert.equal(hashes.of(PIECE)?.[0], 1);
  vouching.heard(a as unknown as Node, { kind: 'want', pieces: [PIECE, 2, 99] as PieceIndex[] });
  const known = [{ piece: PIECE, hash: hashes.of(PIECE) }];
  assert.deepEqual(a.said, [{ kind: 'hashes', known, by: null }]);
});

test('a new maker believes others about what it needs of the last one, and about nothing else', () => {
  const c = fakeNode('c');
  const { vouching, hashes, after, says } = begin(null, c);
  after(MAKER_WAIT_MS);
  assert.equal(vouching.fetchers, 'us');
  says(c);
  assert.equal(hashes.isKnown(PIECE), false, 'it was not asked for');
  hashes.want([PIECE]);
  assert.deepEqual(c.said, [{ kind: 'want', pieces: [PIECE] }]);
  says(c);
  assert.equal(hashes.isKnown(PIECE), true);
});

test('a hash that is passed on keeps the name of the node that made it', () => {
  const [a, c] = [fakeNode('a'), fakeNode('c')];
  const { vouching, hashes, says } = begin('0'.repeat(64), a, c);
  says(c);
  hashes.make(0 as PieceIndex, HASH);
  vouching.heard(a as unknown as Node, { kind: 'want', pieces: [0, PIECE] as PieceIndex[] });
  assert.deepEqual(a.said, [
    { kind: 'hashes', known: [{ piece: 0, hash: HASH }], by: null },
    { kind: 'hashes', known: [{ piece: PIECE, hash: HASH }], by: { id: 'c', name: 'node-c' } },
  ]);
  const by = { id: 'd', name: 'node-d' };
  vouching.heard(a as unknown as Node, {
    kind: 'hashes',
    known: [{ piece: 2 as PieceIndex, hash: HASH }],
    by,
  });
  assert.deepEqual(hashes.sayerOf(2 as PieceIndex), by);
});

test('what the source sends this node says who is wrong; of two others that differ, that is not known yet', () => {
  const [a, c] = [fakeNode('a'), fakeNode('c')];
  const { vouching, hashes, news, says } = begin('0'.repeat(64), a, c);
  const other = Buffer.alloc(20, 1);
  says(a);
  vouching.heard(c as unknown as Node, { kind: 'hashes', known: [{ piece: PIECE, hash: other }], by: null });
  assert.deepEqual(hashes.disputed, [PIECE]);
  assert.equal(news.filter((line) => line.startsWith('wrong')).length, 0);
  // It is fetched here at last: node a was wrong, and node c was right.
  assert.equal(hashes.make(PIECE, other), true);
  assert.deepEqual([news.at(-1), hashes.disputed.length, hashes.of(PIECE)?.[0]], ['wrong: node-a', 0, 1]);
  says(a);
  assert.deepEqual(hashes.wrong.get('a')?.count, 2);
});

test('without the hash of the file the word of the maker stays, whatever the source sends others', () => {
  const a = fakeNode('a');
  a.state.makesHashes = true;
  const { hashes, news, says } = begin(null, a);
  says(a);
  assert.equal(hashes.make(PIECE, Buffer.alloc(20, 1)), false);
  assert.deepEqual([hashes.of(PIECE), news.some((line) => line.startsWith('wrong'))], [HASH, false]);
});
