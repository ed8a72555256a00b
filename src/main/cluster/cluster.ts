/**
 * One torrent that a cluster downloads: knows the nodes, shares the pieces out among them, and says when this node may leave. Each node
 * decides for itself; no node is special.
 */
import { createHash } from 'node:crypto';
import type { ClusterEvent } from '../../shared/cluster-messages.ts';
import { addressKey } from '../../shared/compact-peers.ts';
import type { Geometry } from '../../shared/geometry.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { CLUSTER_DIAL_MS, CLUSTER_LOOK_MS, CLUSTER_STALL_MS, CLUSTER_STATE_MS } from '../../shared/limits.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import { RateMeter } from '../download/rate-meter.ts';
import type { ClusterFigures, ClusterHost } from './cluster-host.ts';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import { Departure } from './departure.ts';
import { InsidePieces } from './inside-pieces.ts';
import { NodeAddresses } from './node-addresses.ts';
import { NodeConnections } from './node-connections.ts';
import type { NodeLink } from './node-link.ts';
import { NODE_ID_BYTES, type NodeSays, type NodeState } from './node-message.ts';
import { type Node, Nodes } from './nodes.ts';
import { OutsideWork, type WorkLedger } from './outside-work.ts';
import { Shares } from './shares.ts';

export class Cluster {
  readonly #host: ClusterHost;
  readonly #id: Uint8Array;
  readonly #nodes = new Nodes();
  readonly #connections: NodeConnections;
  readonly #addresses: NodeAddresses;
  readonly #departure: Departure;
  readonly #over = new AbortController();
  readonly #ends: (() => void)[] = [];
  readonly #rate = new RateMeter();
  readonly #told = new Set<string>();
  #pieceLength = 1;
  #wants: string | null = null;
  #shares: Shares | null = null;
  #inside: InsidePieces | null = null;
  #work: OutsideWork | null = null;
  /** Bytes per second from outside when there was something to fetch there. */
  #bytesPerS = 0;
  #arrived = { bytes: 0, at: 0 };
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: ClusterSettings, key: ClusterKey, host: ClusterHost) {
    this.#host = host;
    this.#id = host.randomBytes(NODE_ID_BYTES);
    const { now } = host.world;
    this.#addresses = new NodeAddresses(settings.nodes, host.lookUp, this.#over.signal);
    this.#departure = new Departure(settings, this.#nodes, this.#addresses, now);
    this.#connections = new NodeConnections(this.#id, key, this.#nodes, {
      now,
      randomBytes: host.randomBytes,
      tell: (peer, command) => host.tell(peer, command),
      onAdmitted: (node, link) => this.#admitted(node, link),
      onSays: (node, says, peer) => {
        this.#said(node, says, peer);
        if (!node.isAlive) this.#review();
      },
      onRefused: (peer, why) => {
        this.#news(`cluster: ${this.#placeOf(peer)} is not let in: ${why}`);
        // A stranger stays as a peer. A node that cannot be understood any more must connect anew.
        if (this.#nodes.of(peer) !== undefined)
          host.tell(peer, { type: 'dismiss', peer, code: 'bad-extended' });
      },
    });
  }

  /** Begins to look for nodes. */
  start(): void {
    const { world } = this.#host;
    const dial = (): void => void this.#addresses.lookUp((peers) => this.#host.dial(peers));
    dial();
    this.#arrived = { bytes: 0, at: world.now() };
    this.#ends.push(
      world.every(CLUSTER_DIAL_MS, dial),
      world.every(CLUSTER_LOOK_MS, () => this.#look()),
      world.every(CLUSTER_STATE_MS, () => this.#tellState()),
    );
  }

  /** The torrent is known, and what is on disk. `wanted`: 1 for each piece that this node wants. */
  begin(ledger: WorkLedger, { pieceLength }: Pick<Geometry, 'pieceLength'>, wanted: Uint8Array): void {
    this.#pieceLength = pieceLength;
    this.#wants = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
    this.#shares = new Shares(Buffer.from(this.#id).toString('hex'), ledger.pieceCount);
    this.#inside = new InsidePieces(ledger.pieceCount);
    this.#work = new OutsideWork(ledger, this.#shares, this.#inside, pieceLength);
    for (const node of this.#nodes.alive) this.#came(node);
    this.#look();
  }

  /** This node has everything that it wants. */
  completed(): void {
    this.#departure.completed();
    this.#tellState();
  }

  /** The others need this complete node no longer, or have had their time. */
  get mayLeave(): boolean {
    return this.#departure.mayLeave((node) => this.#isOfUs(node));
  }

  /** Why a run that waits for all nodes has failed; null if it has not. */
  get failure(): string | null {
    return this.#departure.failure;
  }

  get figures(): ClusterFigures {
    const { outside, nodes: inside } = this.#host.bytes();
    const { size, complete, missing } = this.#departure;
    let [allOutsideBytes, allNodeBytes] = [outside, inside];
    for (const { state } of this.#nodes.all) {
      allOutsideBytes += state?.outsideBytes ?? 0;
      allNodeBytes += state?.nodeBytes ?? 0;
    }
    const slowest = this.#departure.slowest(this.#host.name);
    return {
      ...{ nodes: this.#nodes.alive.length + 1, size, complete, missing, slowest },
      ...{ outsideBytes: outside, nodeBytes: inside, allOutsideBytes, allNodeBytes },
    };
  }

  hear(event: ClusterEvent): void {
    const { peer } = event;
    switch (event.type) {
      case 'may-be-node':
        return this.#connections.greet(peer);
      case 'node-says':
        return this.#connections.hear(peer, event.body);
      case 'node-has': {
        const node = this.#nodes.of(peer);
        if (node === undefined) return;
        node.bits = event.bits;
        if (node.isAlive) this.#inside?.told(node.id, event.bits);
      }
    }
  }

  closed(outcomes: readonly PeerOutcome[]): void {
    for (const { peer, reason } of outcomes) {
      if (reason.code === 'self') {
        const { host, port } = this.#host.addressOf(peer);
        this.#addresses.isUs(host, port);
      }
      if (this.#connections.closed(peer)) this.#review();
    }
  }

  stop(): void {
    this.#host.onFigures(this.figures);
    this.#over.abort();
    for (const end of this.#ends.splice(0)) end();
  }

  #admitted(node: Node, link: NodeLink): void {
    this.#dismissFar(node);
    const others = this.#nodes.all.filter((one) => one !== node);
    link.say({ kind: 'nodes', nodes: others.map(({ known }) => known) });
    link.say({ kind: 'state', state: this.#stateFor(node) });
    this.#review();
  }

  /** Data between nodes takes the network that the user means, not the line to the outside over which a tracker would lead it. */
  #dismissFar({ links }: Node): void {
    const found = [...links.keys()].filter((peer) => this.#host.isFound(peer));
    if (found.length === links.size) return;
    for (const peer of found) this.#host.tell(peer, { type: 'dismiss', peer, code: 'twice' });
  }

  #placeOf(peer: PeerIndex): string {
    const { host, port } = this.#host.addressOf(peer);
    return addressKey(host, port);
  }

  #said(node: Node, says: NodeSays, peer: PeerIndex): void {
    switch (says.kind) {
      case 'state':
        return this.#heardState(node, says.state, peer);
      case 'nodes': {
        const own = Buffer.from(this.#id).toString('hex');
        const news = says.nodes.filter(({ id }) => id !== own).map((known) => this.#nodes.told(known));
        return this.#host.dial(news.filter((address) => address !== null));
      }
      case 'ask': {
        const ours = this.#bytesPerS;
        const now = this.#host.world.now();
        const pieces = this.#isOfUs(node) ? (this.#work?.give(node.id, says.bytesPerS, ours, now) ?? []) : [];
        return node.link?.say({ kind: 'give', pieces });
      }
      case 'give':
        this.#work?.take(says.pieces);
        // Nothing to give: another one may have something.
        if (says.pieces.length === 0 && node.state !== null)
          node.state = { ...node.state, left: 0, busy: [] };
        else this.#askedAt = Number.NEGATIVE_INFINITY;
        return this.#look();
    }
  }

  #heardState(node: Node, state: NodeState, peer: PeerIndex): void {
    const isFirst = node.state === null;
    node.state = state;
    node.name = state.name;
    const isNews = state.isComplete && !node.isComplete;
    if (isNews) node.completeAt = this.#host.world.now();
    node.isComplete = state.isComplete;
    // It waits for this before it leaves.
    if (isNews) node.link?.say({ kind: 'state', state: this.#stateFor(node) });
    if (state.port !== null) node.address = { host: this.#host.addressOf(peer).host, port: state.port };
    if (node.isAlive) this.#inside?.busyWith(node.id, state.busy);
    if (!this.#isOfUs(node))
      this.#news(`cluster: ${node.name} fetches other files: nothing is shared with it`);
    if (!isFirst) return;
    for (const other of this.#nodes.alive)
      if (other !== node) other.link?.say({ kind: 'nodes', nodes: [node.known] });
  }

  /** It wants the same pieces, as far as both know what they want. */
  #isOfUs({ state }: Node): boolean {
    return this.#wants === null || state === null || state.wants === null || state.wants === this.#wants;
  }

  #review(): void {
    const { came, lost } = this.#nodes.review(this.#host.world.now());
    for (const node of came) this.#came(node);
    for (const { id } of lost) {
      this.#shares?.leave(id);
      this.#inside?.lost(id);
      this.#work?.lost(id);
    }
    if (came.length + lost.length > 0) this.#work?.look(this.#host.world.now(), false);
  }

  #came(node: Node): void {
    if (this.#isOfUs(node)) this.#shares?.join(node.id);
    if (node.bits !== null) this.#inside?.told(node.id, node.bits);
    if (node.state !== null) this.#inside?.busyWith(node.id, node.state.busy);
  }

  #look(): void {
    const now = this.#host.world.now();
    this.#review();
    const { outside, nodes } = this.#host.bytes();
    this.#rate.sample(outside, now);
    if (outside + nodes !== this.#arrived.bytes) this.#arrived = { bytes: outside + nodes, at: now };
    const work = this.#work;
    if (work === null || this.#departure.isComplete) return;
    const isStalled = this.#nodes.alive.length > 0 && now - this.#arrived.at >= CLUSTER_STALL_MS;
    work.look(now, isStalled);
    const { free, busy, isNeeded } = work.outlook;
    if (busy.length > 0) this.#bytesPerS = this.#rate.perSecond;
    if (free.length === 0 && isNeeded && now - this.#askedAt >= CLUSTER_STATE_MS) this.#ask(now);
  }

  /** The node that needs longest for what it has left. */
  #ask(now: number): void {
    let slowest: Node | null = null;
    let longest = 0;
    for (const node of this.#nodes.alive) {
      if (node.state === null || !this.#isOfUs(node)) continue;
      const { left, busy, bytesPerS } = node.state;
      const needs = ((left + busy.length / 2) * this.#pieceLength) / Math.max(1, bytesPerS);
      if (needs <= longest) continue;
      longest = needs;
      slowest = node;
    }
    if (slowest === null) return;
    this.#askedAt = now;
    slowest.link?.say({ kind: 'ask', bytesPerS: this.#bytesPerS });
  }

  #tellState(): void {
    for (const node of this.#nodes.all) node.link?.say({ kind: 'state', state: this.#stateFor(node) });
    this.#host.onFigures(this.figures);
  }

  #stateFor(node: Node): NodeState {
    const { outside, nodes } = this.#host.bytes();
    const { free = [], busy = [] } = this.#work?.outlook ?? {};
    return {
      name: this.#host.name,
      port: this.#host.port(),
      wants: this.#wants,
      isComplete: this.#departure.isComplete,
      seesComplete: node.isComplete,
      left: free.length,
      bytesPerS: this.#bytesPerS,
      busy,
      outsideBytes: outside,
      nodeBytes: nodes,
    };
  }

  #news(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#host.onNews(text);
  }
}
