/**
 * One torrent that a cluster downloads: knows the nodes, shares the pieces out among them, and says when this node may leave. Each node
 * decides for itself; no node is special.
 */
import type { ClusterEvent } from '../../shared/cluster-messages.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { CLUSTER_DIAL_MS, CLUSTER_LOOK_MS, CLUSTER_STATE_MS, NODE_SILENCE_MS } from '../../shared/limits.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import type { Sayer } from '../torrent/learned-hashes.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { ClusterFigures, ClusterHost } from './cluster-host.ts';
import type { ClusterKey } from './cluster-key.ts';
import { ClusterNews } from './cluster-news.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import { Departure } from './departure.ts';
import { distrust } from './distrust.ts';
import { dismissFar } from './far-connections.ts';
import { figuresOf } from './figures-of.ts';
import { Introductions } from './introductions.ts';
import { NodeAddresses } from './node-addresses.ts';
import { NodeConnections } from './node-connections.ts';
import type { NodeLink } from './node-link.ts';
import { NODE_ID_BYTES, type NodeSays, type NodeState } from './node-message.ts';
import { type Node, Nodes } from './nodes.ts';
import type { WorkLedger } from './outside-work.ts';
import { ownState } from './own-state.ts';
import { type SharedPlan, Sharing } from './sharing.ts';
import { Vouching } from './vouching.ts';

/** Times that a look took, until the next one. */
const LOOK_REST = 20;

export class Cluster {
  readonly #host: ClusterHost;
  readonly #id: Uint8Array;
  readonly #nodes = new Nodes();
  readonly #introductions = new Introductions(this.#nodes);
  readonly #connections: NodeConnections;
  readonly #addresses: NodeAddresses;
  readonly #departure: Departure;
  readonly #over = new AbortController();
  readonly #ends: (() => void)[] = [];
  readonly #news: ClusterNews;
  /** Null until the torrent is known. */
  #sharing: Sharing | null = null;
  /** Of a plain file. */
  #vouching: Vouching | null = null;
  #lookedAt = 0;
  #nextLookAt = 0;
  #startedAt = 0;
  #allTold = 0;

  constructor(settings: ClusterSettings, key: ClusterKey, host: ClusterHost) {
    this.#host = host;
    this.#news = new ClusterNews((text) => host.onNews(text));
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
        this.#news.tellOfStranger(`cluster: ${host.addressOf(peer).host} is not let in: ${why}`);
        // A stranger stays as a peer. A node that cannot be understood any more must connect anew.
        if (this.#nodes.of(peer) !== undefined)
          host.tell(peer, { type: 'dismiss', peer, code: 'bad-extended' });
      },
    });
  }

  /** Begins to look for nodes. */
  start(): void {
    const { world } = this.#host;
    const dial = (): void =>
      void this.#addresses.lookUp(
        (peers) => this.#host.dial(peers),
        (host, reason) => this.#news.tell(`cluster: ${host}: ${reason}; it is looked up again`),
      );
    dial();
    this.#startedAt = world.now();
    this.#lookedAt = this.#startedAt;
    this.#ends.push(
      world.every(CLUSTER_DIAL_MS, dial),
      world.every(CLUSTER_LOOK_MS, () => this.#look()),
      world.every(CLUSTER_STATE_MS, () => this.#tellState()),
    );
  }

  /** The torrent is known, and what is on disk. */
  begin(
    ledger: WorkLedger,
    { geometry, plainFile }: Pick<Metainfo, 'geometry' | 'plainFile'>,
    plan: SharedPlan,
  ): void {
    const id = Buffer.from(this.#id).toString('hex');
    this.#sharing = new Sharing(id, ledger, geometry, plan);
    if (plainFile !== null)
      this.#vouching = new Vouching(id, plainFile, this.#nodes, {
        now: () => this.#host.world.now(),
        isCandidate: (node) => !node.isComplete && node.state?.wants === this.#sharing?.wants,
        outside: () => {
          const sharing = this.#departure.isComplete ? null : this.#sharing;
          const [isNeeded, lacks] = [sharing?.needsOutside === true, sharing?.outlook.isNeeded === true];
          return { bytes: this.#host.bytes().outside, isNeeded, lacks };
        },
        onNews: (text) => this.#news.tell(text),
        onWrong: (sayer) => this.#distrust(sayer),
      });
    for (const node of this.#nodes.alive) this.#came(node);
    this.#tellState();
    this.#look();
  }

  /** This node has everything that it wants. */
  completed(): void {
    this.#departure.completed();
    this.#tellState();
  }

  /** The others need this complete node no longer, or have had their time. */
  get mayLeave(): boolean {
    // Nodes that need us may be on their way.
    const isEarly = this.#host.world.now() - this.#startedAt < CLUSTER_DIAL_MS;
    return !isEarly && this.#departure.mayLeave((node) => this.#isOfUs(node));
  }

  /** Why a run that waits for all nodes has failed; null if it has not. */
  get failure(): string | null {
    return this.#departure.failure;
  }

  get figures(): ClusterFigures {
    return figuresOf(this.#nodes, this.#departure, this.#host);
  }

  hear(event: ClusterEvent): void {
    if (this.#over.signal.aborted) return;
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
        node.heardAt = this.#host.world.now();
        if (node.isAlive) this.#sharing?.has(node);
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

  /** A shard died: these connections are gone, and nothing else says so. */
  lost(isLost: (peer: PeerIndex) => boolean): void {
    for (const peer of this.#connections.peers) if (isLost(peer)) this.#connections.closed(peer);
    this.#review();
  }

  stop(): void {
    this.#departure.leaves();
    this.#tellState();
    this.#over.abort();
    this.#vouching?.stop();
    for (const end of this.#ends.splice(0)) end();
  }

  #distrust(sayer: Sayer): void {
    const [nodes, connections, news, host] = [this.#nodes, this.#connections, this.#news, this.#host];
    distrust(sayer, { nodes, connections, news, host });
    this.#review();
  }

  #admitted(node: Node, link: NodeLink): void {
    dismissFar(node, this.#host);
    this.#introductions.welcome(node, link);
    link.say({ kind: 'state', state: this.#stateFor(node) });
    this.#review();
  }

  #said(node: Node, says: NodeSays, peer: PeerIndex): void {
    switch (says.kind) {
      case 'state':
        return this.#heardState(node, says.state, peer);
      case 'nodes': {
        const own = Buffer.from(this.#id).toString('hex');
        const news = says.nodes
          .filter(({ id }) => id !== own)
          .map((known) => this.#nodes.told(known, this.#host.world.now()));
        return this.#host.dial(news.filter((address) => address !== null));
      }
      case 'ask': {
        const pieces = this.#sharing?.give(node, says.bytesPerS, this.#host.world.now()) ?? [];
        return node.link?.say({ kind: 'give', pieces });
      }
      case 'give':
        this.#sharing?.take(says.pieces);
        // Nothing to give: another one may have something.
        if (says.pieces.length === 0 && node.state !== null)
          node.state = { ...node.state, left: 0, busy: [] };
        return this.#look();
      case 'hashes':
      case 'want':
        return this.#vouching?.heard(node, says);
    }
  }

  #heardState(node: Node, state: NodeState, peer: PeerIndex): void {
    const isFirst = node.state === null;
    const isNews = node.said(state, this.#host.world.now());
    // It waits for this before it leaves.
    if (isNews) node.link?.say({ kind: 'state', state: this.#stateFor(node) });
    const { host } = this.#host.addressOf(peer);
    const isMoved = state.port !== null && this.#nodes.isAt(node, { host, port: state.port });
    if (isNews || isFirst || isMoved) this.#introductions.add(node);
    if (isNews) this.#introductions.tell();
    if (node.isAlive) this.#sharing?.heard(node, this.#host.world.now());
    this.#tellAllSeen();
    if (!this.#isOfUs(node))
      this.#news.tellOfStranger(`cluster: ${node.name} fetches other files: nothing is shared with it`);
  }

  /** The others wait for this before they leave. */
  #tellAllSeen(): void {
    const seen = this.#departure.allSeen();
    if (seen === this.#allTold) return;
    this.#allTold = seen;
    this.#tellState();
  }

  /** It wants the same pieces, as far as both know what they want. */
  #isOfUs({ state }: Node): boolean {
    const ours = this.#sharing?.wants ?? null;
    return ours === null || state === null || state.wants === null || state.wants === ours;
  }

  #review(): void {
    this.#wake();
    const { came, lost } = this.#nodes.review(this.#host.world.now());
    for (const node of came) this.#came(node);
    for (const node of lost) this.#sharing?.lost(node);
  }

  #came(node: Node): void {
    this.#sharing?.heard(node, this.#host.world.now());
    this.#sharing?.has(node);
  }

  #look(): void {
    const now = this.#host.world.now();
    this.#review();
    this.#introductions.tell();
    this.#vouching?.look();
    if (this.#departure.isComplete || now < this.#nextLookAt) return;
    if (this.#vouching !== null && this.#sharing !== null) this.#sharing.fetchers = this.#vouching.fetchers;
    const { outside, nodes } = this.#host.bytes();
    const asked = this.#sharing?.look({ all: outside + nodes, outside }, this.#nodes.alive, now) ?? [];
    for (const { link } of asked) link?.say({ kind: 'ask', bytesPerS: this.#sharing?.bytesPerS ?? 0 });
    // A look at a million pieces takes tens of milliseconds: it may have a twentieth of this thread.
    const end = this.#host.world.now();
    this.#nextLookAt = end + LOOK_REST * (end - now);
  }

  /** After a suspension: the others could not be heard. */
  #wake(): void {
    const now = this.#host.world.now();
    const ms = now - this.#lookedAt;
    this.#lookedAt = now;
    if (ms < NODE_SILENCE_MS / 2) return;
    this.#nodes.heardAll(now);
    this.#sharing?.woke();
    this.#vouching?.woke(ms);
  }

  #tellState(): void {
    for (const node of this.#nodes.all) node.link?.say({ kind: 'state', state: this.#stateFor(node) });
    this.#host.onFigures(this.figures);
  }

  #stateFor(node: Node): NodeState {
    const [host, departure, sharing, vouching] = [this.#host, this.#departure, this.#sharing, this.#vouching];
    return ownState({ host, departure, sharing, vouching }, node);
  }
}
