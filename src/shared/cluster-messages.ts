/** The nodes of a cluster between main and the shards: main knows who they are and what each fetches, shards have the connections. */
import type { PeerIndex } from './indices.ts';

/** Commands of main about one torrent. */
export type ClusterCommand =
  /** This peer gets a message of the extension `uc_cluster`. */
  | { readonly type: 'tell-node'; readonly peer: PeerIndex; readonly body: Uint8Array }
  /** The peer has proved that it is a node of our cluster: no limit holds for it, and it gives us any piece. */
  | { readonly type: 'admit'; readonly peer: PeerIndex }
  /** Close it: there is a better connection to this node (then it is not dialled again), or its messages are not right. */
  | { readonly type: 'dismiss'; readonly peer: PeerIndex; readonly code: 'twice' | 'bad-extended' };

/** Events of a shard about one torrent. */
export type ClusterEvent =
  /** The peer knows the extension `uc_cluster`. It may be a node of our cluster. */
  | { readonly type: 'may-be-node'; readonly peer: PeerIndex }
  | { readonly type: 'node-says'; readonly peer: PeerIndex; readonly body: Uint8Array }
  /** The pieces of an admitted node, when they have changed. `bits`: as in a bitfield (BEP 3). */
  | { readonly type: 'node-has'; readonly peer: PeerIndex; readonly bits: Uint8Array };
