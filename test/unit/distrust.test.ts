/** A node that said a wrong hash is let in no more, under no connection. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterNews } from '../../src/main/cluster/cluster-news.ts';
import { distrust } from '../../src/main/cluster/distrust.ts';
import type { NodeConnections } from '../../src/main/cluster/node-connections.ts';
import type { NodeLink } from '../../src/main/cluster/node-link.ts';
import { Nodes } from '../../src/main/cluster/nodes.ts';
import type { ClusterCommand } from '../../src/shared/cluster-messages.ts';
import type { PeerIndex } from '../../src/shared/indices.ts';

const LINK = {} as NodeLink;
const at = (peer: number): PeerIndex => peer as PeerIndex;

test('a node that said a wrong hash loses its connections, is named once and is let in no more; other nodes stay', () => {
  const nodes = new Nodes();
  for (const [peer, id] of ['aa', 'aa', 'bb'].entries()) {
    const node = nodes.connected(id, at(peer), LINK);
    assert.ok(node !== null);
    node.heardAt = 1;
  }
  assert.equal(nodes.review(2).came.length, 2);
  const [news, told]: [string[], ClusterCommand[]] = [[], []];
  const parts = {
    nodes,
    connections: { closed: (peer: PeerIndex) => nodes.disconnected(peer) } as unknown as NodeConnections,
    news: new ClusterNews((text) => news.push(text)),
    host: { tell: (_: PeerIndex, command: ClusterCommand) => told.push(command) },
  };
  distrust({ id: 'aa', name: 'node-a' }, parts);
  distrust({ id: 'aa', name: 'node-a' }, parts);
  distrust({ id: '', name: 'an earlier run' }, parts);
  assert.deepEqual(
    told,
    [0, 1].map((peer) => ({ type: 'dismiss', peer, code: 'bad-extended' })),
  );
  assert.equal(news.length, 1);
  assert.match(news[0] ?? '', /^cluster: node-a said a hash that is not that of what the source sends/);
  assert.deepEqual(
    nodes.review(3).lost.map(({ id }) => id),
    ['aa'],
  );
  assert.equal(nodes.connected('aa', at(5), LINK), null);
  assert.notEqual(nodes.connected('bb', at(6), LINK), null);
});
