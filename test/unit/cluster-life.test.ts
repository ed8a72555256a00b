/** A node among others that it hears and tells: what it says of itself, what it tells the user, and what a suspension does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../../src/main/cluster/cluster.ts';
import type { ClusterHost } from '../../src/main/cluster/cluster-host.ts';
import { ClusterKey } from '../../src/main/cluster/cluster-key.ts';
import { ClusterNews } from '../../src/main/cluster/cluster-news.ts';
import { NodeLink } from '../../src/main/cluster/node-link.ts';
import type { NodeState } from '../../src/main/cluster/node-message.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PeerIndex } from '../../src/shared/indices.ts';
import { PIECE_STATE, type PieceState } from '../../src/shared/ledger.ts';
import { CLUSTER_STATE_MS, MAX_CLUSTER_NEWS } from '../../src/shared/limits.ts';
import type { PeerOutcome } from '../../src/shared/messages.ts';
import { dice, drawnBytes } from '../support/dice.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const key = new ClusterKey('test', null);
const STATE: NodeState = {
  ...{ name: 'other', port: 6_881, wants: null, isComplete: false, makesHashes: false, resigned: 0 },
  ...{
    seesComplete: false,
    allSeen: 0,
    leaves: false,
    left: 0,
    bytesPerS: 0,
    busy: [],
    outsideBytes: 0,
    nodeBytes: 0,
  },
};
const RESET = { stage: 'unchoked', code: 'reset' };

/** A cluster of a torrent of ten pieces, and peers that speak with it. */
function clusterOf() {
  const [time, draw, news] = [new VirtualTime(), drawnBytes(dice(1)), [] as string[]];
  const links = new Map<PeerIndex, NodeLink>();
  const told = new Map<PeerIndex, NodeState>();
  const queue: (() => void)[] = [];
  const flush = (): void => {
    for (let work = queue.shift(); work !== undefined; work = queue.shift()) work();
  };
  const host: ClusterHost = {
    world: {
      now: time.now,
      every: (ms, work) => {
        time.every(ms, work);
        return () => {};
      },
    },
    ...{ randomBytes: draw, lookUp: () => Promise.reject(new Error('no names')), name: 'us' },
    ...{ port: () => 6_881, bytes: () => ({ outside: 0, nodes: 0 }), wayOf: () => 'named', dial: () => {} },
    addressOf: (peer) => ({ host: `10.0.0.${peer}`, port: 1 }),
    tell: (peer, command) => {
      if (command.type !== 'tell-node') return;
      queue.push(() => {
        const heard = links.get(peer)?.hear(command.body);
        if (heard?.kind === 'says' && heard.says.kind === 'state') told.set(peer, heard.says.state);
      });
    },
    onNews: (text) => news.push(text),
    onFigures: () => {},
  };
  const settings = { name: 'test', nodes: [], secret: null, size: 0, wait: false, timeout: 0 };
  const cluster = new Cluster(settings, key, host);
  cluster.start();
  const join = (of = key): PeerIndex => {
    const peer = links.size as PeerIndex;
    cluster.hear({ type: 'may-be-node', peer });
    const link = new NodeLink(of, { id: draw(20), nonce: draw(32) }, (body) =>
      queue.push(() => cluster.hear({ type: 'node-says', peer, body })),
    );
    links.set(peer, link);
    flush();
    return peer;
  };
  const say = (peer: PeerIndex, state: Partial<NodeState>): void => {
    links.get(peer)?.say({ kind: 'state', state: { ...STATE, ...state } });
    flush();
  };
  const run = (ms: number): void => {
    time.run(ms);
    flush();
  };
  const states = new Uint8Array(10);
  const begin = (): void => {
    const reserved = { close: () => false, opened: () => {} };
    const ledger = { pieceCount: 10, stateOf: (piece: number) => states[piece] as PieceState, reserved };
    const plan = { wanted: new Uint8Array(10).fill(1), files: [{ offset: 0, length: 1_000 }], padding: [] };
    cluster.begin(ledger, { geometry: geometry(1_000, 100), plainFile: null }, plan);
  };
  return { cluster, time, news, told, states, begin, join, say, run };
}

test('after a suspension the closing of one connection, heard first, loses no other node', () => {
  const { cluster, time, join, say } = clusterOf();
  const peers = [join(), join(), join()] as const;
  for (const peer of peers) say(peer, {});
  assert.equal(cluster.figures.nodes, 4);
  time.suspend(60_000);
  cluster.closed([{ peer: peers[0], reason: RESET } as PeerOutcome]);
  assert.equal(cluster.figures.nodes, 3);
});

test('a complete node says that it has nothing left, and nothing in work', () => {
  const { cluster, told, states, begin, join, say, run } = clusterOf();
  const peer = join();
  states[0] = PIECE_STATE.claimed;
  begin();
  say(peer, {});
  run(CLUSTER_STATE_MS);
  assert.deepEqual([told.get(peer)?.left, told.get(peer)?.busy], [9, [0]]);
  states.fill(PIECE_STATE.verified);
  cluster.completed();
  run(CLUSTER_STATE_MS);
  assert.deepEqual([told.get(peer)?.left, told.get(peer)?.busy], [0, []]);
});

test('strangers without end are told of no more after a while', () => {
  const { news, begin, join, say } = clusterOf();
  begin();
  const stranger = new ClusterKey('test', 'other');
  for (let i = 0; i < 2 * MAX_CLUSTER_NEWS; i++) join(stranger);
  assert.equal(news.length, MAX_CLUSTER_NEWS);
  assert.match(news.at(-1) ?? '', /is not let in/);
  say(join(), { wants: 'other files' });
  assert.equal(news.length, MAX_CLUSTER_NEWS, 'without a secret anybody can say this');
});

test('what strangers cause hides nothing of the nodes', () => {
  const told: string[] = [];
  const news = new ClusterNews((text) => told.push(text));
  for (let i = 0; i < 2 * MAX_CLUSTER_NEWS; i++) news.tellOfStranger(`stranger ${i}`);
  for (let i = 0; i < 2; i++) news.tell('a node said a wrong hash');
  assert.equal(told.length, MAX_CLUSTER_NEWS + 1);
});
