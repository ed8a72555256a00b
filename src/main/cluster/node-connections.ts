/** The connections to peers that are nodes of the cluster, or may be: greets them, lets in those that prove it, and hears what they say. */
import type { ClusterCommand } from '../../shared/cluster-messages.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import type { ClusterKey } from './cluster-key.ts';
import { NodeLink } from './node-link.ts';
import { NONCE_BYTES, type NodeSays } from './node-message.ts';
import type { Node, Nodes } from './nodes.ts';

export interface ConnectionsHost {
  now(): number;
  readonly randomBytes: (count: number) => Uint8Array;
  tell(peer: PeerIndex, command: ClusterCommand): void;
  /** A new connection to a node. */
  onAdmitted(node: Node, link: NodeLink): void;
  onSays(node: Node, says: NodeSays, peer: PeerIndex): void;
  onRefused(peer: PeerIndex, why: string): void;
}

export class NodeConnections {
  readonly #id: Uint8Array;
  readonly #key: ClusterKey;
  readonly #nodes: Nodes;
  readonly #host: ConnectionsHost;
  /** To peers that have not proved to be nodes. */
  readonly #links = new Map<PeerIndex, NodeLink>();

  /** `id`: of this node. */
  constructor(id: Uint8Array, key: ClusterKey, nodes: Nodes, host: ConnectionsHost) {
    this.#id = id;
    this.#key = key;
    this.#nodes = nodes;
    this.#host = host;
  }

  /** To nodes, and to peers that may be some. */
  get peers(): readonly PeerIndex[] {
    return [...this.#links.keys(), ...this.#nodes.peers];
  }

  /** The peer may be a node. What was known of an earlier connection to it is over. */
  greet(peer: PeerIndex): void {
    this.closed(peer);
    const we = { id: this.#id, nonce: this.#host.randomBytes(NONCE_BYTES) };
    const send = (body: Uint8Array): void => this.#host.tell(peer, { type: 'tell-node', peer, body });
    this.#links.set(peer, new NodeLink(this.#key, we, send));
  }

  hear(peer: PeerIndex, body: Uint8Array): void {
    const node = this.#nodes.of(peer);
    const heard = (node?.links.get(peer) ?? this.#links.get(peer))?.hear(body);
    if (heard?.kind === 'admitted') return this.#admit(peer, heard.id);
    if (heard?.kind === 'refused') return this.#host.onRefused(peer, heard.why);
    if (heard?.kind !== 'says' || node === undefined) return;
    node.heardAt = this.#host.now();
    this.#host.onSays(node, heard.says, peer);
  }

  /** True if it was a node. */
  closed(peer: PeerIndex): boolean {
    this.#links.delete(peer);
    const wasNode = this.#nodes.of(peer) !== undefined;
    if (wasNode) this.#nodes.disconnected(peer);
    return wasNode;
  }

  #admit(peer: PeerIndex, id: string): void {
    const link = this.#links.get(peer);
    this.#links.delete(peer);
    const node = link === undefined ? null : this.#nodes.connected(id, peer, link);
    if (node === null || link === undefined) return;
    node.heardAt = this.#host.now();
    this.#host.tell(peer, { type: 'admit', peer });
    this.#host.onAdmitted(node, link);
  }
}
