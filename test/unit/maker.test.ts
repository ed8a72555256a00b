/** Which node fetches a plain file for all: clusters of nodes that say once a second what they are, over one clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Maker } from '../../src/main/cluster/maker.ts';
import type { Node } from '../../src/main/cluster/nodes.ts';
import { SourceWatch } from '../../src/main/cluster/source-watch.ts';
import {
  CLUSTER_LOOK_MS,
  CLUSTER_STATE_MS,
  MAKER_STALL_MS,
  MAKER_WAIT_MS,
  NODE_SILENCE_MS,
} from '../../src/shared/limits.ts';

const RATE = 1_000_000;

interface Member {
  readonly id: string;
  readonly name: string;
  readonly maker: Maker;
  readonly news: string[];
  /** What the others know of it. */
  state: { makesHashes: boolean; resigned: number };
  isComplete: boolean;
  /** Of `RATE`: what the source gives it. */
  part: number;
  bytes: number;
  isNeeded: boolean;
  lacks: boolean;
  /** It does nothing, and the others hear nothing. */
  isAway: boolean;
}

/** Nodes with these ids, that have just met. `step` lets some time pass; `turns` has the makers, one after the other. */
function clusterOf(ids: string) {
  let now = 0;
  const members: Member[] = [];
  const turns: string[] = [];
  const join = (id: string): Member => {
    const news: string[] = [];
    const nodes = {
      get alive() {
        return members.filter((one) => one !== member && !one.isAway) as unknown as readonly Node[];
      },
    };
    const maker = new Maker(id, nodes, {
      now: () => now,
      isCandidate: ({ isComplete }) => !isComplete,
      outside: () => member,
      onNews: (text) => news.push(text),
    });
    const state = { makesHashes: false, resigned: 0 };
    const figures = { isComplete: false, part: 1, bytes: 0, isNeeded: true, lacks: false, isAway: false };
    const member: Member = { id, name: `node-${id}`, maker, news, state, ...figures };
    members.push(member);
    return member;
  };
  for (const id of ids) join(id);
  const at = (id: string): Member => members.find((one) => one.id === id) as Member;
  const act = (one: Member): void => {
    if (one.maker.isUs) one.bytes += (one.part * RATE * CLUSTER_LOOK_MS) / 1_000;
    one.maker.look();
    if (one.maker.isUs && turns.at(-1) !== one.id) turns.push(one.id);
    if (now % CLUSTER_STATE_MS === 0)
      one.state = { makesHashes: one.maker.isUs, resigned: one.maker.resigned };
  };
  const step = (ms: number): void => {
    for (const end = now + ms; now < end; ) {
      now += CLUSTER_LOOK_MS;
      for (const one of members) if (!one.isAway) act(one);
    }
  };
  const makers = (): string[] =>
    members.filter(({ maker, isAway }) => maker.isUs && !isAway).map(({ id }) => id);
  /** As `Nodes` does when it has not heard of a node. */
  const leave = (id: string): void =>
    void Object.assign(at(id), { isAway: true, state: { ...at(id).state, makesHashes: false } });
  return { at, join, leave, step, makers, turns };
}

test('the node with the lowest id is the maker after a while, and the next one when it is gone', () => {
  const { at, leave, step, makers } = clusterOf('bac');
  step(MAKER_WAIT_MS - CLUSTER_LOOK_MS);
  assert.deepEqual(makers(), [], 'others may be on their way');
  step(2 * CLUSTER_STATE_MS);
  assert.deepEqual(makers(), ['a']);
  assert.match(at('b').news[0] ?? '', /^cluster: node-a fetches the file and makes the hashes/);
  leave('a');
  step(2 * CLUSTER_STATE_MS);
  assert.deepEqual(makers(), ['b']);
  assert.match(
    at('b').news[1] ?? '',
    /^cluster: node-a is gone: this node fetches the rest and makes its hashes/,
  );
});

test('two makers that meet: the one with the lower id goes on, and says so', () => {
  const { at, leave, step, makers } = clusterOf('ab');
  leave('a');
  step(2 * MAKER_WAIT_MS);
  leave('b');
  at('a').isAway = false;
  step(2 * MAKER_WAIT_MS);
  at('b').isAway = false;
  assert.deepEqual(makers(), ['a', 'b']);
  step(2 * CLUSTER_STATE_MS);
  assert.deepEqual(makers(), ['a']);
  assert.match(at('b').news[1] ?? '', /^cluster: this node makes no more hashes: node-a fetches the rest/);
});

test('a complete node makes a maker needless', () => {
  const { at, step, makers } = clusterOf('ac');
  at('c').isComplete = true;
  step(10 * MAKER_WAIT_MS);
  assert.deepEqual(makers(), []);
});

test('the maker is complete and its file cannot be read: after a while the next one fetches what is missing, and its word counts', () => {
  const { at, step, makers } = clusterOf('abcd');
  step(MAKER_WAIT_MS + CLUSTER_STATE_MS);
  for (const id of 'ad') at(id).isComplete = true;
  for (const id of 'bc') at(id).lacks = true;
  step(NODE_SILENCE_MS - CLUSTER_STATE_MS);
  // What a node has is heard after its last word.
  assert.deepEqual(makers(), ['a']);
  step(3 * CLUSTER_STATE_MS);
  assert.deepEqual(makers(), ['a', 'b']);
  const after = 'fetches the rest and makes its hashes';
  assert.equal(at('b').news.at(-1), `cluster: node-a does not give all that it has: this node ${after}`);
  assert.equal(at('c').news.at(-1), `cluster: node-a does not give all that it has: node-b ${after}`);
  assert.equal(at('c').maker.other?.id, 'b');
  // It gets everything, by whomever: both nodes that fetched stay what they are.
  for (const id of 'bc') at(id).lacks = false;
  step(60_000);
  assert.deepEqual(makers(), ['a', 'b']);
});

test('a complete node that is slow to say what it has makes no maker', () => {
  const { at, step, makers } = clusterOf('ac');
  at('c').isComplete = true;
  for (let i = 0; i < 20; i++) {
    at('a').lacks = true;
    step(NODE_SILENCE_MS - CLUSTER_STATE_MS);
    at('a').lacks = false;
    step(CLUSTER_STATE_MS);
  }
  assert.deepEqual(makers(), []);
});

for (const [what, part] of [
  ['stands still', 0],
  ['crawls at a twentieth of what it was', 0.05],
] as const)
  test(`the source of the maker ${what}: another one takes over, and keeps the work when the source is back`, () => {
    const { at, step, makers, turns } = clusterOf('abc');
    step(MAKER_WAIT_MS + 2 * MAKER_STALL_MS);
    at('a').part = part;
    step(MAKER_STALL_MS + 3 * CLUSTER_STATE_MS);
    assert.deepEqual(makers(), ['b']);
    const told = 'receives next to nothing from the source';
    const after = 'fetches the rest and makes its hashes';
    assert.equal(at('a').news.at(-1), `cluster: this node ${told}: node-b ${after}`);
    assert.equal(at('b').news.at(-1), `cluster: node-a ${told}: this node ${after}`);
    assert.equal(at('c').news.at(-1), `cluster: node-a ${told}: node-b ${after}`);
    at('a').part = 1;
    step(3_600_000);
    assert.deepEqual(turns, ['a', 'b']);
  });

test('one that has resigned is the last candidate: it goes on when nobody else is one', () => {
  const { at, leave, step, turns } = clusterOf('abc');
  at('a').part = 0;
  step(MAKER_WAIT_MS + MAKER_STALL_MS + 3 * CLUSTER_STATE_MS);
  at('a').part = 1;
  for (const id of 'bc') {
    leave(id);
    step(3 * CLUSTER_STATE_MS);
  }
  assert.deepEqual(turns, ['a', 'b', 'c', 'a']);
});

test('nobody receives anything: all take turns, none twice before the others, one after the other; one with a source stays', () => {
  const ids = 'abcdefgh';
  const { at, step, makers, turns } = clusterOf(ids);
  for (const id of ids) at(id).part = 0;
  const turnMs = MAKER_STALL_MS + 3 * CLUSTER_STATE_MS;
  step(MAKER_WAIT_MS + 3 * ids.length * turnMs);
  assert.equal(turns.join('').slice(0, 24), ids.repeat(3));
  assert.ok(turns.length <= 3.5 * ids.length, `${turns.length} turns`);
  at('d').part = 1;
  step(ids.length * turnMs);
  assert.deepEqual(makers(), ['d']);
  const before = turns.length;
  step(3_600_000);
  assert.equal(turns.length, before);
});

test('a maker that is alone, or with complete nodes, goes on; one that comes takes over', () => {
  const { at, leave, join, step, makers } = clusterOf('ab');
  at('a').part = 0;
  step(MAKER_WAIT_MS + CLUSTER_STATE_MS);
  at('b').isComplete = true;
  step(10 * MAKER_STALL_MS);
  assert.deepEqual(makers(), ['a']);
  leave('b');
  step(10 * MAKER_STALL_MS);
  assert.deepEqual(makers(), ['a']);
  join('0');
  step(CLUSTER_STATE_MS);
  assert.deepEqual(makers(), [], 'it is new here, and waits for others first');
  step(MAKER_WAIT_MS);
  assert.deepEqual(makers(), ['0']);
});

test('a maker that needs nothing from outside stays: it gets what is left from nodes', () => {
  const { at, step, turns } = clusterOf('ab');
  step(MAKER_WAIT_MS + MAKER_STALL_MS);
  Object.assign(at('a'), { part: 0, isNeeded: false });
  step(10 * MAKER_STALL_MS);
  at('a').isNeeded = true;
  step(MAKER_STALL_MS - CLUSTER_STATE_MS);
  assert.deepEqual(turns, ['a']);
});

test('a maker that was suspended hears the others first: one that took over goes on, and without one it does', () => {
  const { at, leave, step, makers, turns } = clusterOf('ab');
  step(MAKER_WAIT_MS + CLUSTER_STATE_MS);
  leave('a');
  step(2 * NODE_SILENCE_MS);
  at('a').isAway = false;
  at('a').maker.woke(2 * NODE_SILENCE_MS);
  step(60_000);
  assert.deepEqual([makers(), turns], [['b'], ['a', 'b']]);
  assert.match(
    at('a').news.at(-1) ?? '',
    /^cluster: this node makes no more hashes: node-b fetches the rest/,
  );
  leave('b');
  step(2 * CLUSTER_STATE_MS);
  at('a').maker.woke(2 * NODE_SILENCE_MS);
  step(MAKER_WAIT_MS + CLUSTER_STATE_MS);
  assert.deepEqual(makers(), ['a']);
});

test('what a short stop of this process hides is not held against the source', () => {
  const watch = new SourceWatch();
  for (let now = 0; now <= MAKER_STALL_MS - 1_000; now += 1_000) assert.equal(watch.isDry(5, now), false);
  watch.restart();
  assert.equal(watch.isDry(5, MAKER_STALL_MS), false);
  assert.equal(watch.isDry(5, 2 * MAKER_STALL_MS - 1), false);
  assert.equal(watch.isDry(5, 2 * MAKER_STALL_MS), true);
});

test('a burst at the beginning does not make an even rate look slow', () => {
  const watch = new SourceWatch();
  let bytes = 0;
  for (let now = 0; now <= 10 * MAKER_STALL_MS; now += 250) {
    // The first second brings a hundred times as much.
    bytes += now < 1_000 ? 25_000_000 : 250_000;
    assert.equal(watch.isDry(bytes, now), false, `after ${now} ms`);
  }
});
