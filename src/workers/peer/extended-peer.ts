/** A peer as its extensions see it (BEP 10): what it says there goes to its part of the requests, or as news to main. */

import type { ToldPeer } from '../../shared/compact-peers.ts';
import type { MetadataPart } from '../../shared/metadata-part.ts';
import type { PeerDriver } from './peer-driver.ts';
import type { ExtendedPeer } from './peer-extensions.ts';
import type { PeerHost } from './peer-host.ts';

/** The same as events of the inbox. */
export interface InboxEvents {
  /** It sent a part of so many bytes that we had requested. */
  readonly gaveMetadata: (bytes: number) => void;
  readonly lost: ExtendedPeer['onLost'];
}

export function extendedPeer(
  peer: PeerDriver,
  host: PeerHost,
  { gaveMetadata, lost }: InboxEvents,
  answer: ExtendedPeer['answer'],
): ExtendedPeer {
  return {
    get info(): Uint8Array | null {
      return host.torrent.info;
    },
    send: (bytes) => peer.send(bytes),
    answer,
    onRequestQueue: (blocks) => peer.book.window.setPeerQueue(blocks),
    onMetadataOffer: (bytes) => host.tell({ type: 'metadata-offer', peer: peer.index, bytes }),
    onMetadataPart: (part: MetadataPart) => {
      gaveMetadata(part.bytes?.length ?? 0);
      host.tell({ type: 'metadata-part', peer: peer.index, part });
    },
    onLost: lost,
    onPeersTold: (peers: readonly ToldPeer[]) => host.tell({ type: 'peers-told', peer: peer.index, peers }),
    onHolepunch: (message) => host.onHolepunch(peer, message),
    cluster: host.torrent.offer.cluster
      ? {
          get isNode(): boolean {
            return peer.isNode;
          },
          onGreeting: () => host.tell({ type: 'may-be-node', peer: peer.index }),
          onMessage: (body) => host.tell({ type: 'node-says', peer: peer.index, body }),
        }
      : null,
  };
}
