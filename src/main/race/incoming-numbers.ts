/**
 * The indices of peers that connected to us. No source named them, so their indices are above those of all addresses. Each shard
 * has its own indices, so the index shows which shard has the peer.
 */
import { type PeerIndex, peerIndex } from '../../shared/indices.ts';

/** The middle of the range of indices: neither side is ever used up by peers that come and go. */
export const FIRST_INCOMING = 2 ** 23;

export class IncomingNumbers {
  #next = FIRST_INCOMING;

  /** The first free one of the shard at this position. */
  first(position: number, shards: number): PeerIndex {
    const behind = (this.#next - FIRST_INCOMING) % shards;
    return peerIndex(this.#next + ((position - behind + shards) % shards));
  }

  /** It was given to a peer. */
  taken(peer: PeerIndex): void {
    this.#next = Math.max(this.#next, peer + 1);
  }
}

/** The position of the shard that accepted the peer. */
export function acceptedBy(peer: PeerIndex, shards: number): number {
  return (peer - FIRST_INCOMING) % shards;
}
