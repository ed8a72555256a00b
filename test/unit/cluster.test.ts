/** The parts of a cluster: proofs, sealed messages, shares. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterKey } from '../../src/main/cluster/cluster-key.ts';
import { type Heard, NodeLink } from '../../src/main/cluster/node-link.ts';
import {
  decodeGreeting,
  decodeNodeSays,
  encodeGreeting,
  encodeNodeSays,
  type NodeSays,
} from '../../src/main/cluster/node-message.ts';
import { Shares } from '../../src/main/cluster/shares.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { dice, drawnBytes, mutated } from '../support/dice.ts';

const key = new ClusterKey('test', 'secret');
const draw = drawnBytes(dice(1));

/** A link that keeps what it sends. */
function linkWith(of: ClusterKey, id = draw(20)) {
  const sent: Uint8Array[] = [];
  const link = new NodeLink(of, { id, nonce: draw(32) }, (body) => sent.push(body));
  return { link, sent, id };
}

/** Everything that each has said goes to the other, in turns; what each heard. */
function talk(a: ReturnType<typeof linkWith>, b: ReturnType<typeof linkWith>): [Heard[], Heard[]] {
  const heard: [Heard[], Heard[]] = [[], []];
  while (a.sent.length + b.sent.length > 0) {
    for (const body of b.sent.splice(0)) heard[0].push(a.link.hear(body));
    for (const body of a.sent.splice(0)) heard[1].push(b.link.hear(body));
  }
  return heard;
}

const kinds = (heard: readonly Heard[]): string[] => heard.map(({ kind }) => kind);

test('two nodes with one secret let each other in, and then speak', () => {
  const [a, b] = [linkWith(key), linkWith(key)];
  const [byA, byB] = talk(a, b);
  assert.deepEqual(kinds(byA), ['nothing', 'admitted']);
  assert.deepEqual(byB.at(-1), { kind: 'admitted', id: a.id.toString('hex') });
  a.link.say({ kind: 'ask', bytesPerS: 7 });
  assert.deepEqual(talk(a, b)[1], [{ kind: 'says', says: { kind: 'ask', bytesPerS: 7 } }]);
});

test('another secret, or another name of the cluster, is not let in', () => {
  for (const other of [
    new ClusterKey('test', 'wrong'),
    new ClusterKey('other', 'secret'),
    new ClusterKey('test', null),
  ]) {
    const [a, b] = [linkWith(key), linkWith(other)];
    const [byA, byB] = talk(a, b);
    assert.deepEqual(kinds(byA), ['nothing', 'refused']);
    assert.deepEqual(kinds(byB), ['nothing', 'refused']);
    assert.equal(a.link.isOpen, false);
    a.link.say({ kind: 'ask', bytesPerS: 7 });
    assert.deepEqual(a.sent, []);
  }
});

test('our own words, sent back, prove nothing: on one connection and across two', () => {
  const alone = linkWith(key);
  assert.equal(alone.link.hear(alone.sent[0] as Uint8Array).kind, 'refused');
  // A stranger with two connections to one node gives each what the other says.
  const id = draw(20);
  const [first, second] = [linkWith(key, id), linkWith(key, id)];
  const [byFirst, bySecond] = talk(first, second);
  assert.equal(kinds([...byFirst, ...bySecond]).includes('admitted'), false);
});

test('a sealed message that is changed, left out or repeated is noticed', () => {
  const say: NodeSays = { kind: 'ask', bytesPerS: 1 };
  for (const tamper of [
    ([one]: Uint8Array[]) => [mutatedLast(one as Uint8Array)],
    ([, two]: Uint8Array[]) => [two as Uint8Array],
    ([one]: Uint8Array[]) => [one as Uint8Array, one as Uint8Array],
  ]) {
    const [a, b] = [linkWith(key), linkWith(key)];
    talk(a, b);
    a.link.say(say);
    a.link.say(say);
    const heard = tamper(a.sent.splice(0)).map((body) => b.link.hear(body));
    assert.equal(heard.at(-1)?.kind, 'refused');
    assert.equal(b.link.isOpen, false);
  }
});

/** The body, not the frame around it. */
function mutatedLast(bytes: Uint8Array): Uint8Array {
  const greeting = decodeGreeting(bytes);
  assert.equal(greeting?.kind, 'sealed');
  if (greeting?.kind !== 'sealed') throw new Error('not sealed');
  return encodeGreeting({ ...greeting, body: encodeNodeSays({ kind: 'ask', bytesPerS: 2 }) });
}

const STATE: NodeSays = {
  kind: 'state',
  state: {
    name: 'node-1',
    port: 6_881,
    wants: 'abc',
    isComplete: false,
    makesHashes: true,
    resigned: 3,
    seesComplete: true,
    allSeen: 8,
    leaves: true,
    left: 12,
    bytesPerS: 5_000_000,
    busy: [1, 70_000] as PieceIndex[],
    outsideBytes: 2 ** 40,
    nodeBytes: 3,
  },
};
const WANT: NodeSays = { kind: 'want', pieces: [0, 70_000] as PieceIndex[] };
const HASHES: NodeSays = {
  kind: 'hashes',
  known: [0, 70_000].map((piece) => ({
    piece: piece as PieceIndex,
    hash: new Uint8Array(20).fill(piece + 1),
  })),
  by: null,
};
const HASHES_OF_ANOTHER: NodeSays = { ...HASHES, by: { id: 'cd'.repeat(20), name: 'c' } };
const NODES: NodeSays = {
  kind: 'nodes',
  nodes: [
    { id: 'ab'.repeat(20), name: 'b', isComplete: true, address: { host: '2001:db8::1', port: 1 } },
    { id: 'cd'.repeat(20), name: '', isComplete: false, address: null },
  ],
};

test('what nodes say survives its encoding, and noise is no message and no error', () => {
  const all: NodeSays[] = [
    STATE,
    NODES,
    WANT,
    HASHES,
    HASHES_OF_ANOTHER,
    { kind: 'give', pieces: [5] as PieceIndex[] },
    { kind: 'ask', bytesPerS: 0 },
  ];
  for (const says of all) assert.deepEqual(decodeNodeSays(encodeNodeSays(says)), says);
  const roll = dice(7);
  for (let i = 0; i < 3_000; i++) {
    const noise = mutated(Buffer.from(encodeNodeSays(all[i % all.length] as NodeSays)), roll);
    decodeGreeting(noise);
    const says = decodeNodeSays(noise);
    if (says?.kind === 'state') {
      assert.ok(says.state.left >= 0 && says.state.name.length <= 64);
      assert.ok(says.state.busy.length <= 256);
    }
  }
});

test('shares are about equal, all nodes compute the same, and a lost node moves only its own pieces', () => {
  const ids = Array.from({ length: 8 }, () => draw(20).toString('hex'));
  const pieces = 4_000;
  const views = ids.map((own) => {
    const shares = new Shares(own, pieces);
    for (const id of dice(3)(2) === 0 ? ids : ids.toReversed()) shares.join(id);
    return shares;
  });
  const ownersOf = (piece: number): number[] => views.flatMap((view, i) => (view.isOurs(piece) ? [i] : []));
  const counts = new Map<number, number>();
  const before: number[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    const owners = ownersOf(piece);
    assert.equal(owners.length, 1);
    before.push(owners[0] as number);
    counts.set(owners[0] as number, (counts.get(owners[0] as number) ?? 0) + 1);
  }
  for (const count of counts.values()) assert.ok(Math.abs(count - pieces / 8) < pieces / 40, String(count));
  for (const [i, view] of views.entries()) if (i !== 3) view.leave(ids[3] as string);
  for (let piece = 0; piece < pieces; piece++) {
    const owners = ownersOf(piece).filter((i) => i !== 3);
    assert.equal(owners.length, 1);
    if (before[piece] !== 3) assert.deepEqual(owners, [before[piece]]);
  }
  // It comes back, and has what it had.
  for (const view of views) view.join(ids[3] as string);
  for (let piece = 0; piece < pieces; piece++) assert.deepEqual(ownersOf(piece), [before[piece]]);
});
