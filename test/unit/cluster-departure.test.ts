/** When a complete node may leave its cluster, who is missing, and what a name with several addresses is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterSettings } from '../../src/main/cluster/cluster-settings.ts';
import { Departure } from '../../src/main/cluster/departure.ts';
import { NodeAddresses } from '../../src/main/cluster/node-addresses.ts';
import type { NodeLink } from '../../src/main/cluster/node-link.ts';
import type { NodeState } from '../../src/main/cluster/node-message.ts';
import { type Node, Nodes } from '../../src/main/cluster/nodes.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import type { PeerIndex } from '../../src/shared/indices.ts';

const at = (host: string): HostPort => ({ host, port: 6_881 });

function clusterOf(
  settings: Partial<ClusterSettings>,
  found: Readonly<Record<string, readonly string[]>> = {},
) {
  const full = { name: 'c', nodes: [], secret: null, size: 0, wait: false, timeout: 0, ...settings };
  const lookUp = (host: string) => {
    const addresses = found[host];
    return addresses === undefined
      ? Promise.reject(new Error('no such name'))
      : Promise.resolve(addresses.map((address) => ({ address, family: 4 })));
  };
  const addresses = new NodeAddresses(full.nodes, lookUp, new AbortController().signal);
  const nodes = new Nodes();
  let now = 0;
  const departure = new Departure(full, nodes, addresses, () => now);
  let next = 0;
  const join = (host: string): Node => {
    const peer = next++ as PeerIndex;
    const node = nodes.connected(`${peer}`.padStart(40, '0'), peer, {} as NodeLink) as Node;
    node.heardAt = now;
    node.address = at(host);
    node.name = host;
    nodes.review(now);
    return node;
  };
  const say = (node: Node, isComplete: boolean, seesComplete: boolean, allSeen = 0): void => {
    const { name } = node;
    node.said({ name, seesComplete, isComplete, allSeen, leaves: false } as NodeState, now);
    node.heardAt = now;
    nodes.review(now);
  };
  /** Its connections end. */
  const lose = (node: Node): void => {
    for (const peer of [...node.links.keys()]) nodes.disconnected(peer);
    nodes.review(now);
  };
  const later = (ms: number): void => {
    now += ms;
  };
  const mayLeave = (): boolean => departure.mayLeave(() => true);
  return { departure, addresses, nodes, join, say, lose, later, mayLeave };
}

test('a node stays until all that live are complete and know that it is', () => {
  const { departure, join, say, mayLeave } = clusterOf({});
  const [a, b] = [join('10.0.0.1'), join('10.0.0.2')];
  departure.completed();
  assert.equal(mayLeave(), false);
  say(a, true, true);
  say(b, true, false);
  assert.equal(mayLeave(), false);
  say(b, true, true);
  assert.equal(mayLeave(), true);
  assert.equal(departure.failure, null);
});

test('a node that wants other files, or is lost, keeps nobody', () => {
  const { departure, join, nodes, later, mayLeave } = clusterOf({});
  join('10.0.0.1');
  departure.completed();
  assert.equal(
    departure.mayLeave(() => false),
    true,
  );
  assert.equal(mayLeave(), false);
  later(5_000);
  assert.equal(nodes.review(5_000).lost.length, 1);
  assert.equal(mayLeave(), true);
});

test('with a barrier it waits for nodes that have not come, and for a time if that has an end', () => {
  const { departure, join, say, later, mayLeave } = clusterOf({ wait: true, size: 3, timeout: 60_000 });
  const a = join('10.0.0.1');
  departure.completed();
  say(a, true, true);
  assert.equal(mayLeave(), false);
  assert.equal(departure.failure, 'cluster: 2 of 3 nodes are complete');
  later(60_000);
  assert.equal(mayLeave(), true);
  say(a, true, true);
  say(join('10.0.0.2'), true, true);
  assert.equal(departure.failure, null);
  assert.equal(departure.slowest('us'), '10.0.0.2');
});

test('a complete node that is killed counts no more, and once when it comes back; one that ends in order counts', () => {
  const { departure, join, say, lose, mayLeave } = clusterOf({ wait: true, size: 4 });
  const [a, b] = [join('10.0.0.1'), join('10.0.0.2')];
  departure.completed();
  for (const node of [a, b]) say(node, true, true);
  assert.equal(departure.complete, 3);
  lose(a);
  assert.equal(departure.complete, 2);
  say(join('10.0.0.9'), true, true);
  assert.equal(departure.complete, 3);
  assert.deepEqual([mayLeave(), departure.allSeen()], [false, 0]);
  b.hasLeft = true;
  lose(b);
  const d = join('10.0.0.4');
  say(d, true, true);
  assert.deepEqual([departure.complete, departure.allSeen()], [4, 4]);
});

test('a node leaves when all know that all are complete, so the death of some then changes nothing', () => {
  const { departure, join, say, lose, mayLeave } = clusterOf({ wait: true, size: 3 });
  const [a, b] = [join('10.0.0.1'), join('10.0.0.2')];
  departure.completed();
  for (const node of [a, b]) say(node, true, true);
  assert.deepEqual([departure.allSeen(), mayLeave()], [3, false]);
  say(a, true, true, 3);
  lose(b);
  assert.deepEqual([mayLeave(), departure.failure], [true, null]);
});

test('what another node saw counts: not all need to be connected', () => {
  const { departure, join, say, mayLeave } = clusterOf({ wait: true, size: 3 });
  const hub = join('10.0.0.1');
  departure.completed();
  say(hub, true, true, 2);
  assert.equal(mayLeave(), false);
  say(hub, true, true, 3);
  assert.deepEqual([mayLeave(), departure.complete, departure.failure], [true, 3, null]);
});

test('a node that is let in no more holds nobody up: the run fails with its name', async () => {
  const list = { wait: true, nodes: [at('10.0.0.1'), at('10.0.0.2'), at('10.0.0.3')] };
  for (const [settings, name] of [
    [{ wait: true, size: 3 }, 'node-b'],
    [list, '10.0.0.2:6881'],
  ] as const) {
    const { departure, addresses, nodes, join, say, mayLeave } = clusterOf(settings);
    await addresses.lookUp(() => {}, assert.fail);
    addresses.isUs('10.0.0.3', 6_881);
    const [a, b] = [join('10.0.0.1'), join('10.0.0.2')];
    b.name = 'node-b';
    departure.completed();
    say(a, true, true);
    assert.equal(mayLeave(), false);
    for (const peer of nodes.bar(b.id)) nodes.disconnected(peer);
    nodes.review(0);
    assert.equal(mayLeave(), true);
    assert.equal(departure.failure, `cluster: 2 of 3 nodes are complete; not complete: ${name}`);
    // Another node says that it has repaired itself, and so all are complete.
    say(a, true, true, 3);
    assert.deepEqual([mayLeave(), departure.failure], [true, null]);
  }
});

test('those that are missing have the names that the user gave; this node is not among them', async () => {
  const found = { a: ['10.0.0.1'], b: ['10.0.0.2'], c: ['10.0.0.3'] };
  const settings = { nodes: [at('a'), at('b'), at('c'), at('unknown')], wait: true };
  const { departure, addresses, join, say } = clusterOf(settings, found);
  const unknown: string[] = [];
  await addresses.lookUp(
    () => {},
    (host, reason) => unknown.push(`${host}: ${reason}`),
  );
  addresses.isUs('10.0.0.2', 6_881);
  departure.completed();
  say(join('10.0.0.3'), true, true);
  assert.deepEqual(departure.missing, ['a:6881', 'unknown:6881']);
  assert.deepEqual(unknown, ['unknown: no such name']);
  assert.match(
    departure.failure ?? '',
    /^cluster: 2 of 4 nodes are complete; not complete: a:6881, unknown:6881$/,
  );
});

test('an address of IPv6 is the same however the user writes it', async () => {
  const nodes = [at('2001:DB8:0::1'), at('2001:db8::0:2')];
  const { departure, addresses, join, say } = clusterOf({ nodes, wait: true });
  const dialled: string[] = [];
  addresses.isUs('2001:db8::1', 6_881);
  await addresses.lookUp((peers) => dialled.push(...peers.map(({ host }) => host)), assert.fail);
  assert.deepEqual(dialled, ['2001:db8::2']);
  assert.deepEqual(departure.missing, ['[2001:db8::0:2]:6881']);
  say(join('2001:db8::2'), true, true);
  assert.deepEqual(departure.missing, []);
});

test('one name is as many nodes as it has addresses, and is looked up again', async () => {
  const found: Record<string, string[]> = { service: ['10.0.0.1', '10.0.0.2'] };
  const { addresses } = clusterOf({ nodes: [at('service')] }, found);
  const dialled: string[] = [];
  const dial = (peers: readonly HostPort[]) => dialled.push(...peers.map(({ host }) => host));
  await addresses.lookUp(dial, assert.fail);
  found['service']?.push('10.0.0.3');
  addresses.isUs('10.0.0.1', 6_881);
  await addresses.lookUp(dial, assert.fail);
  assert.deepEqual(dialled, ['10.0.0.1', '10.0.0.2', '10.0.0.2', '10.0.0.3']);
});
