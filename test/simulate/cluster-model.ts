/**
 * A cluster of many nodes in virtual time: each has the real `Cluster`, and a model of everything around it. A piece takes its time over a
 * node's line to the outside, and is with all others soon after, as on a fast network. Nodes are killed, frozen, slow or late.
 */

import { Cluster } from '../../src/main/cluster/cluster.ts';
import type { ClusterKey } from '../../src/main/cluster/cluster-key.ts';
import type { ClusterCommand } from '../../src/shared/cluster-messages.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PeerIndex } from '../../src/shared/indices.ts';
import { PIECE_STATE } from '../../src/shared/ledger.ts';
import { TICK_MS } from '../../src/shared/limits.ts';
import type { PeerOutcome } from '../../src/shared/messages.ts';
import { dice, drawnBytes } from '../support/dice.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import { edgePlan, isEdge } from './cluster-edges.ts';
import type { ClusterFault, ClusterOutcome, ClusterScenario } from './cluster-run.ts';
import { hostOf, ModelNode, PORT } from './model-node.ts';

const STEP_MS = 100;
const LATENCY_MS = 2;
/** Pieces that a node fetches from outside at one time. */
const PIECES_AT_ONCE = 3;
/** Bytes per second among nodes: a tenth of what they have is enough to be no bottleneck. */
const INSIDE_FACTOR = 12;

export class ClusterModel {
  readonly #scenario: ClusterScenario;
  readonly #time = new VirtualTime();
  readonly #nodes: ModelNode[];
  readonly #key: ClusterKey;
  readonly #roll: (below: number) => number;
  readonly #holders: Uint16Array;
  /** Pieces that came from outside, in order. */
  readonly #arrivals: number[] = [];
  readonly #arrived: boolean[] = [];
  #messages = 0;
  #pairs = 0;

  constructor(scenario: ClusterScenario, key: ClusterKey) {
    this.#scenario = scenario;
    this.#key = key;
    this.#roll = dice(scenario.seed);
    this.#holders = new Uint16Array(scenario.pieces);
    const partOf = (i: number): number => {
      for (const fault of scenario.faults) if (fault.kind === 'slow' && fault.node === i) return fault.part;
      return 1;
    };
    this.#nodes = Array.from(
      { length: scenario.nodes },
      (_, i) => new ModelNode(i, scenario.pieces, scenario.bytesPerS * partOf(i)),
    );
    for (const node of this.#nodes) this.#time.after(this.#startOf(node.index), () => this.#start(node));
    for (const fault of scenario.faults) this.#plan(fault);
    this.#time.every(STEP_MS, () => this.#step());
    this.#time.every(TICK_MS, () => this.#tellPieces());
  }

  async run(limitMs: number): Promise<ClusterOutcome> {
    while (this.#time.now() < limitMs && !this.#isOver) {
      this.#time.run(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const alive = this.#nodes.filter(({ isAlive }) => isAlive);
    for (const { cluster } of this.#nodes) cluster?.stop();
    return {
      endMs: Math.max(0, ...alive.map(({ completeAt }) => completeAt ?? limitMs)),
      outsideBytes: this.#nodes.reduce((sum, { outsideBytes }) => sum + outsideBytes, 0),
      unfinished: alive.filter(({ hasLeft }) => !hasLeft).map(({ index }) => index),
      messages: this.#messages,
      pairs: this.#pairs,
    };
  }

  get #isOver(): boolean {
    const begun = this.#nodes.filter(({ cluster }) => cluster !== null);
    return begun.length === this.#nodes.length && begun.every((node) => !node.isAlive || node.hasLeft);
  }

  #startOf(index: number): number {
    const late = this.#scenario.faults.find((fault) => fault.kind === 'late' && fault.node === index);
    return late?.kind === 'late' ? late.atMs : this.#roll(this.#scenario.spreadMs + 1);
  }

  #plan(fault: ClusterFault): void {
    if (fault.kind === 'late' || fault.kind === 'slow') return;
    const node = this.#nodes[fault.node] as ModelNode;
    this.#time.after(fault.atMs, () => {
      if (!node.acts) return;
      this.#holds(node, -1);
      if (fault.kind === 'freeze') {
        node.isFrozen = true;
        this.#time.after(fault.ms, () => {
          node.isFrozen = false;
          this.#holds(node, 1);
          for (const work of node.unheard.splice(0)) if (node.acts) work();
        });
        return;
      }
      node.isAlive = false;
      node.cluster?.stop();
      if (!fault.silent) this.#disconnect(node);
    });
  }

  #start(node: ModelNode): void {
    node.isAlive = true;
    const every = (ms: number, work: () => void): (() => void) => {
      let isOn = true;
      this.#time.every(ms, () => {
        if (isOn && node.acts) work();
      });
      return () => {
        isOn = false;
      };
    };
    const { listed, pieces, pieceBytes } = this.#scenario;
    const nodes = this.#nodes.slice(0, listed).map(({ index }) => hostOf(index));
    // Without it a node that was frozen may find that the others are complete and gone, and fetches the rest alone.
    const wait = !this.#scenario.faults.some(({ kind }) => kind === 'kill');
    const settings = {
      name: 'model',
      nodes,
      secret: null,
      size: wait ? this.#nodes.length : 0,
      wait,
      timeout: 0,
    };
    const cluster = new Cluster(settings, this.#key, {
      world: { now: () => this.#time.now(), every },
      randomBytes: drawnBytes(this.#roll),
      lookUp: () => Promise.reject(new Error('no names here')),
      name: String(node.index),
      port: () => PORT,
      bytes: () => ({ outside: node.outsideBytes, nodes: node.nodeBytes }),
      tell: (peer, command) => this.#tell(node, peer, command),
      addressOf: (peer) => hostOf(peer),
      wayOf: () => 'named',
      dial: (peers) => this.#dial(node, peers),
      onNews: () => {},
      onFigures: () => {},
    });
    node.cluster = cluster;
    cluster.start();
    const known = { geometry: geometry(pieces * pieceBytes, pieceBytes), plainFile: null };
    cluster.begin(node.ledger, known, edgePlan(this.#scenario));
  }

  #dial(node: ModelNode, peers: readonly HostPort[]): void {
    for (const { host } of peers) {
      const other = this.#nodes[Number(host.split('.')[3]) + 256 * Number(host.split('.')[2])];
      if (other === undefined || other === node || node.connected.has(other.index)) continue;
      if (!other.isAlive || other.hasLeft || other.cluster === null) continue;
      node.connected.add(other.index);
      other.connected.add(node.index);
      this.#pairs += 1;
      this.#later(node, () => this.#greet(node, other));
      this.#later(other, () => this.#greet(other, node));
    }
  }

  #greet(node: ModelNode, other: ModelNode): void {
    node.cluster?.hear({ type: 'may-be-node', peer: other.index as PeerIndex });
  }

  #tell(node: ModelNode, peer: PeerIndex, command: ClusterCommand): void {
    const other = this.#nodes[peer] as ModelNode;
    // A process that is killed has no last word.
    if (!node.isAlive) return;
    if (command.type === 'admit') return void node.admitted.set(peer, -1);
    if (command.type !== 'tell-node') return;
    this.#messages += 1;
    this.#later(other, () => {
      if (other.connected.has(node.index))
        other.cluster?.hear({ type: 'node-says', peer: node.index as PeerIndex, body: command.body });
    });
  }

  /** What a frozen node is told, it hears in the same order when it goes on. */
  #later(node: ModelNode, work: () => void): void {
    this.#time.after(LATENCY_MS, () => {
      if (node.isFrozen) node.unheard.push(work);
      else if (node.acts) work();
    });
  }

  #disconnect(node: ModelNode): void {
    for (const at of node.connected) {
      const other = this.#nodes[at] as ModelNode;
      other.connected.delete(node.index);
      other.admitted.delete(node.index);
      const outcome = { peer: node.index as PeerIndex, reason: { stage: 'unchoked', code: 'reset' } };
      this.#later(other, () => other.cluster?.closed([outcome as PeerOutcome]));
    }
    node.connected.clear();
  }

  /** Pieces of admitted nodes, when they have changed. */
  #tellPieces(): void {
    for (const node of this.#nodes) {
      if (!node.acts) continue;
      for (const [at, told] of node.admitted) {
        const other = this.#nodes[at] as ModelNode;
        if (other.given === told) continue;
        node.admitted.set(at, other.given);
        node.cluster?.hear({ type: 'node-has', peer: at as PeerIndex, bits: other.bits });
      }
    }
  }

  #step(): void {
    for (const node of this.#nodes) {
      if (!node.acts || node.cluster === null) continue;
      if (node.completeAt === null) this.#advance(node, node.cluster);
      else if (node.cluster.mayLeave) this.#leave(node, node.cluster);
    }
  }

  /** What a node has can be copied from it, or no longer. */
  #holds(node: ModelNode, change: 1 | -1): void {
    for (let piece = 0; piece < node.states.length; piece++)
      if (node.gives(piece)) this.#holders[piece] = (this.#holders[piece] ?? 0) + change;
  }

  #advance(node: ModelNode, cluster: Cluster): void {
    this.#fetch(node);
    if (node.admitted.size > 0) this.#copy(node);
    if (node.verified < this.#scenario.pieces) return;
    node.completeAt = this.#time.now();
    cluster.completed();
  }

  #leave(node: ModelNode, cluster: Cluster): void {
    this.#holds(node, -1);
    node.hasLeft = true;
    cluster.stop();
    this.#disconnect(node);
  }

  /** What its line brings in a step, of the pieces in work, the oldest first. */
  #fetch(node: ModelNode): void {
    while (node.work.size < PIECES_AT_ONCE) {
      const piece = this.#freeOf(node);
      if (piece === null) break;
      node.states[piece] = PIECE_STATE.claimed;
      node.work.set(piece, 0);
    }
    let left = Math.round((node.bytesPerS * STEP_MS) / 1_000);
    for (const [piece, has] of node.work) {
      const came = Math.min(left, this.#scenario.pieceBytes - has);
      left -= came;
      node.outsideBytes += came;
      node.work.set(piece, has + came);
      if (has + came >= this.#scenario.pieceBytes) this.#verify(node, piece);
      if (left <= 0) return;
    }
  }

  /** The first one from a place at random that it may begin. */
  #freeOf({ states, reserved }: ModelNode): number | null {
    const from = this.#roll(states.length);
    for (let i = 0; i < states.length; i++) {
      const piece = (from + i) % states.length;
      if (states[piece] === PIECE_STATE.missing && reserved.outside[piece] === 0) return piece;
    }
    return null;
  }

  /** Pieces that any other node has, in the order in which the first one got them. */
  #copy(node: ModelNode): void {
    const { bytesPerS, nodes, pieceBytes } = this.#scenario;
    const inAll = bytesPerS * nodes * INSIDE_FACTOR;
    let most = Math.max(1, Math.floor((inAll * STEP_MS) / 1_000 / pieceBytes));
    const waiting = node.passedOver.splice(0);
    while (most > 0 && (waiting.length > 0 || node.seen < this.#arrivals.length)) {
      const piece = waiting.pop() ?? (this.#arrivals[node.seen++] as number);
      if (node.states[piece] === PIECE_STATE.verified) continue;
      // Those that had it are gone, or another node takes it first.
      if ((this.#holders[piece] ?? 0) === 0 || node.reserved.nodes[piece] === 1) {
        node.passedOver.push(piece);
        continue;
      }
      node.nodeBytes += pieceBytes;
      this.#verify(node, piece);
      most -= 1;
    }
    node.passedOver.push(...waiting);
  }

  #verify(node: ModelNode, piece: number): void {
    node.work.delete(piece);
    node.states[piece] = PIECE_STATE.verified;
    node.verified += 1;
    if (isEdge(this.#scenario, piece)) return;
    node.give(piece);
    if (!this.#arrived[piece]) this.#arrivals.push(piece);
    this.#arrived[piece] = true;
    this.#holders[piece] = (this.#holders[piece] ?? 0) + 1;
  }
}
