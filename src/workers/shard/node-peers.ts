/** The peers of a torrent on a shard that are nodes of our cluster: tells main what they have, and counts what they gave. */
import type { ClusterCommand, ClusterEvent } from '../../shared/cluster-messages.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { PeerTorrent } from '../peer/peer-host.ts';
import type { WorkingPeers } from './working-peers.ts';

export class NodePeers {
  readonly #torrent: PeerTorrent;
  readonly #working: WorkingPeers;
  readonly #tell: (event: ClusterEvent) => void;
  /** Which version of the pieces of each main knows. */
  readonly #nodes = new Map<PeerDriver, number>();
  /** Of those that have left. */
  #leftBytes = 0;

  constructor(torrent: PeerTorrent, working: WorkingPeers, tell: (event: ClusterEvent) => void) {
    this.#torrent = torrent;
    this.#working = working;
    this.#tell = tell;
  }

  /** Bytes of blocks that nodes gave, also before they had proved that they are nodes. */
  get bytes(): number {
    let bytes = this.#leftBytes;
    for (const peer of this.#nodes.keys()) bytes += peer.receivedBytes;
    return bytes;
  }

  /** `peer`: the one that it is about, if it is still there. */
  command(command: ClusterCommand, peer: PeerDriver | undefined): void {
    if (peer === undefined) return;
    if (command.type === 'tell-node') return peer.command(command);
    if (command.type === 'dismiss') return peer.close(command.code);
    if (!peer.inSession || peer.isNode) return;
    peer.isNode = true;
    // It does not count for the limit of peers any more.
    this.#working.note(peer, this.#torrent.pieceCount !== null);
    this.#nodes.set(peer, 0);
    this.#torrent.uploads.interestChanged(peer);
    this.#torrent.requester.widened(peer);
    this.#torrent.requester.fill(peer);
  }

  left(peer: PeerDriver): void {
    if (this.#nodes.delete(peer)) this.#leftBytes += peer.receivedBytes;
  }

  /** Once a tick: main hears which pieces they have. */
  tick(): void {
    for (const [peer, told] of this.#nodes) {
      const { version } = peer.pieces;
      if (version === told) continue;
      this.#nodes.set(peer, version);
      this.#tell({ type: 'node-has', peer: peer.index, bits: peer.pieces.toBits() });
    }
  }
}
