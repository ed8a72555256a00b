/** The nodes of a cluster that this one knows: over which connections, how far each is, and whether it lives. */
import { addressKey, type HostPort } from '../../shared/compact-peers.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { MAX_CLUSTER_NODES, NODE_SILENCE_MS } from '../../shared/limits.ts';
import type { NodeLink } from './node-link.ts';
import type { KnownNode, NodeState } from './node-message.ts';

export class Node {
  /** In hex. */
  readonly id: string;
  readonly links = new Map<PeerIndex, NodeLink>();
  name = '';
  /** Null until it says it. */
  state: NodeState | null = null;
  /** Its pieces, as in a bitfield (BEP 3); null until its shard says them. */
  bits: Uint8Array | null = null;
  /** Where it can be dialled. */
  address: HostPort | null = null;
  isComplete = false;
  /** When this node heard that. */
  completeAt = 0;
  heardAt = 0;
  /** It is connected and says something. */
  isAlive = false;
  /** It was complete and ended in order. */
  hasLeft = false;

  constructor(id: string) {
    this.id = id;
  }

  /** How far it is. True if it is news that it is complete. */
  said(state: NodeState, now: number): boolean {
    const isNews = state.isComplete && !this.isComplete;
    if (isNews) this.completeAt = now;
    this.state = state;
    this.name = state.name;
    this.isComplete = state.isComplete;
    this.hasLeft = state.leaves;
    return isNews;
  }

  /** It is complete, and has not just died: then it may come back with another id, and would count twice. */
  get counts(): boolean {
    return this.isComplete && (this.isAlive || this.hasLeft);
  }

  /** Any connection to it. */
  get link(): NodeLink | null {
    return this.links.values().next().value ?? null;
  }

  get known(): KnownNode {
    const { id, name, isComplete, address } = this;
    return { id, name, isComplete, address };
  }
}

export class Nodes {
  readonly #byId = new Map<string, Node>();
  readonly #byPeer = new Map<PeerIndex, Node>();
  readonly #barred = new Set<string>();

  get all(): readonly Node[] {
    return [...this.#byId.values()];
  }

  get alive(): readonly Node[] {
    return this.all.filter(({ isAlive }) => isAlive);
  }

  /** Those that are connected. */
  get peers(): readonly PeerIndex[] {
    return [...this.#byPeer.keys()];
  }

  /** Those that are not let in any more. */
  get barred(): readonly Node[] {
    return this.all.filter(({ id }) => this.#barred.has(id));
  }

  of(peer: PeerIndex): Node | undefined {
    return this.#byPeer.get(peer);
  }

  /** It is not let in any more. Returns its connections. */
  bar(id: string): readonly PeerIndex[] {
    this.#barred.add(id);
    return [...(this.#byId.get(id)?.links.keys() ?? [])];
  }

  /** A connection to a node was proved. Null if it is barred, or if there are too many nodes. */
  connected(id: string, peer: PeerIndex, link: NodeLink): Node | null {
    const node = this.#barred.has(id) ? null : this.#enter(id);
    if (node === null) return null;
    node.links.set(peer, link);
    this.#byPeer.set(peer, node);
    return node;
  }

  disconnected(peer: PeerIndex): void {
    this.#byPeer.get(peer)?.links.delete(peer);
    this.#byPeer.delete(peer);
  }

  /** Another node knows it. Returns where it can be dialled if that was not known before, and it is not connected. */
  told({ id, name, isComplete, address }: KnownNode, now: number): HostPort | null {
    const node = this.#enter(id);
    if (node === null) return null;
    if (node.name === '') node.name = name;
    if (isComplete && !node.isComplete) node.completeAt = now;
    node.isComplete ||= isComplete;
    // Others may tell us of a new node before it has said where it listens.
    if (node.address !== null) return null;
    node.address = address;
    return node.links.size === 0 ? address : null;
  }

  /** Where it can be dialled. True if that was not known. A node that was there before, and is gone, was an earlier run of it. */
  isAt(node: Node, address: HostPort): boolean {
    const isMoved = node.address?.host !== address.host || node.address.port !== address.port;
    node.address = address;
    for (const [id, other] of this.#byId) {
      const isThere = other.address?.host === address.host && other.address.port === address.port;
      if (other !== node && isThere && other.links.size === 0) this.#byId.delete(id);
    }
    return isMoved;
  }

  /** Their silence counts from now on. */
  heardAll(now: number): void {
    for (const node of this.#byId.values()) node.heardAt = now;
  }

  /** Those that have come to life, or are lost, since the last call. */
  review(now: number): { readonly came: readonly Node[]; readonly lost: readonly Node[] } {
    const [came, lost]: [Node[], Node[]] = [[], []];
    for (const node of this.#byId.values()) {
      const isAlive = node.links.size > 0 && now - node.heardAt < NODE_SILENCE_MS;
      if (isAlive !== node.isAlive) (isAlive ? came : lost).push(node);
      node.isAlive = isAlive;
      // Another one may make them now, so it must say anew that it does.
      if (!isAlive && node.state !== null) node.state = { ...node.state, makesHashes: false };
    }
    return { came, lost };
  }

  /** Dialled at these addresses, it is a complete node. */
  completeAt(keys: ReadonlySet<string>): boolean {
    return this.all.some(
      ({ counts, address }) => counts && address !== null && keys.has(addressKey(address.host, address.port)),
    );
  }

  #enter(id: string): Node | null {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    if (this.#byId.size >= MAX_CLUSTER_NODES) return null;
    const node = new Node(id);
    this.#byId.set(id, node);
    return node;
  }
}
