/** How nodes hear of each other through one that both know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Introductions } from '../../src/main/cluster/introductions.ts';
import type { NodeLink } from '../../src/main/cluster/node-link.ts';
import type { NodeSays } from '../../src/main/cluster/node-message.ts';
import { type Node, Nodes } from '../../src/main/cluster/nodes.ts';
import type { PeerIndex } from '../../src/shared/indices.ts';

const at = (host: string) => ({ host, port: 6_881 });
const idOf = (i: number): string => `${i}`.padStart(40, '0');

test('what is new of many nodes is one message for each: one that has not let us in yet hears only a few', () => {
  const nodes = new Nodes();
  const introductions = new Introductions(nodes);
  const said = new Map<string, NodeSays[]>();
  for (let i = 0; i < 64; i++) {
    const link = { say: (says: NodeSays) => said.set(idOf(i), [...(said.get(idOf(i)) ?? []), says]) };
    const node = nodes.connected(idOf(i), i as PeerIndex, link as unknown as NodeLink) as Node;
    node.heardAt = 1;
    nodes.isAt(node, at(`10.0.0.${i}`));
    introductions.add(node);
  }
  nodes.review(1);
  introductions.tell();
  introductions.tell();
  assert.equal(said.size, 64);
  for (const [id, messages] of said) {
    const [message] = messages;
    assert.ok(messages.length === 1 && message?.kind === 'nodes');
    assert.equal(message.nodes.length, 63);
    assert.ok(message.nodes.every((known) => known.id !== id && known.address !== null));
  }
});

test('a node is dialled when its address becomes known, not only when it is new; never one that is connected', () => {
  const nodes = new Nodes();
  const known = { id: idOf(1), name: 'b', isComplete: false, address: null };
  assert.equal(nodes.told(known, 0), null);
  assert.deepEqual(nodes.told({ ...known, address: at('10.0.0.1') }, 0), at('10.0.0.1'));
  assert.equal(nodes.told({ ...known, address: at('10.0.0.1') }, 0), null);
  nodes.connected(idOf(2), 2 as PeerIndex, {} as NodeLink);
  assert.equal(nodes.told({ ...known, id: idOf(2), address: at('10.0.0.2') }, 0), null);
});

test('where a node listens is news once, and again when it has moved', () => {
  const nodes = new Nodes();
  const node = nodes.connected(idOf(1), 1 as PeerIndex, {} as NodeLink) as Node;
  assert.deepEqual(
    ['10.0.0.1', '10.0.0.1', '10.0.0.2'].map((host) => nodes.isAt(node, at(host))),
    [true, false, true],
  );
});
