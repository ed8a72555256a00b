/** What a cluster needs of the torrent that it downloads, and its figures. */
import type { ClusterCommand } from '../../shared/cluster-messages.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import type { LookUp } from '../discovery/environment.ts';
import type { MainWorld } from '../main-world.ts';

/** What a cluster needs of the torrent's swarm. */
export interface ClusterHost {
  readonly world: Pick<MainWorld, 'now' | 'every'>;
  /** Of the kind that nobody can foresee. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly lookUp: LookUp;
  /** What the others call this node. */
  readonly name: string;
  /** Where it accepts connections; null if it does not. */
  port(): number | null;
  /** Bytes so far. */
  bytes(): { readonly outside: number; readonly nodes: number };
  tell(peer: PeerIndex, command: ClusterCommand): void;
  addressOf(peer: PeerIndex): HostPort;
  /** `named`: the user or a node named the address that we dialled. `found`: a tracker, another peer or the DHT did; it may be far. */
  wayOf(peer: PeerIndex): 'named' | 'found' | 'incoming';
  dial(peers: readonly HostPort[]): void;
  onNews(text: string): void;
  /** Once a second. */
  onFigures(figures: ClusterFigures): void;
}

/** How far the cluster is. */
export interface ClusterFigures {
  /** Nodes that are connected, with this one. */
  readonly nodes: number;
  /** How many there are, with this one, as far as it is known. */
  readonly size: number;
  /** Nodes that are complete, or were when they left, with this one. */
  readonly complete: number;
  /** Bytes that this node got from outside, and from other nodes. */
  readonly outsideBytes: number;
  readonly nodeBytes: number;
  /** The same of all nodes together, as far as they have said. */
  readonly allOutsideBytes: number;
  readonly allNodeBytes: number;
  /** The node that was complete last, once all are. */
  readonly slowest: string | null;
  /** Nodes that were named, or are connected, and are not complete. */
  readonly missing: readonly string[];
}
