/** The peers of a torrent on a shard that are nodes of our cluster: tells main what they have, and counts what they gave. */
import type { ClusterCommand, ClusterEvent } from '../../shared/cluster-messages.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { PeerTorrent } from '../peer/peer-host.ts';
import type { WorkingPeers } from './working-peers.ts';

interface NodePeer {
  /** What it had given before it was admitted. */
  readonly before: number;
  /** Which version of its pieces main knows. */
  told: number;
}

export class NodePeers {
  readonly #torrent: PeerTorrent;
  readonly #working: WorkingPeers;
  readonly #tell: (event: ClusterEvent) => void;
  readonly #nodes = new Map<PeerDriver, NodePeer>();
  /** Of those that have left. */
  #leftBytes = 0;

  constructor(torrent: PeerTorrent, working: WorkingPeers, tell: (event: ClusterEvent) => void) {
    this.#torrent = torrent;
    this.#working = working;
    this.#tell = tell;
  }

  /** Bytes of blocks that nodes gave. */
  get bytes(): number {
    let bytes = this.#leftBytes;
    for (const [peer, { before }] of this.#nodes) bytes += peer.receivedBytes - before;
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
    this.#nodes.set(peer, { before: peer.receivedBytes, told: 0 });
    this.#torrent.uploads.interestChanged(peer);
    this.#torrent.requester.widened(peer);
    this.#torrent.requester.fill(peer);
  }

  left(peer: PeerDriver): void {
    const node = this.#nodes.get(peer);
    if (node === undefined) return;
    this.#leftBytes += peer.receivedBytes - node.before;
    this.#nodes.delete(peer);
  }

  /** Once a tick: main hears which pieces they have. */
  tick(): void {
    for (const [peer, node] of this.#nodes) {
      const { version } = peer.pieces;
      if (version === node.told) continue;
      node.told = version;
      this.#tell({ type: 'node-has', peer: peer.index, bits: peer.pieces.toBits() });
    }
  }
}
