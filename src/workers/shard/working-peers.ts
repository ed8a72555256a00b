/**
 * Peers that work for us: they unchoke us, have pieces that we want, and send blocks when we request them. Only these count for
 * `--max-peers`, and nodes of our cluster do not.
 */
import type { PeerIndex } from '../../shared/indices.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';

export class WorkingPeers {
  /** In the order in which they started to work. */
  readonly #peers = new Set<PeerDriver>();
  /** Bytes per second of peers that had their turn, at the moment when they made room for others or choked us. */
  readonly #had = new Map<PeerIndex, number>();

  get size(): number {
    return this.#peers.size;
  }

  /** Checks a peer again. While the torrent is unknown, it is also unknown whether a peer is useful. */
  note(peer: PeerDriver, torrentKnown: boolean): void {
    const { state } = peer;
    const isGood = state.phase === 'unchoked' && !state.session.silent;
    const works = isGood && !peer.isNode && (!torrentKnown || state.session.useful === true);
    if (works) this.#peers.add(peer);
    // A choke ends its turn: one that only chokes and unchokes us would be new each time.
    else if (this.#peers.delete(peer) && state.phase === 'choked')
      this.#had.set(peer.index, peer.book.window.rate);
  }

  /**
   * Those beyond `most`. Peers that had their turn leave first, the slowest of them first: otherwise two that send nothing but
   * connect quickly would keep the places from all others. Then the newest: some turn out to be useful only after their unchoke.
   */
  beyond(most: number): PeerDriver[] {
    if (this.#peers.size <= most) return [];
    return [...this.#peers].sort((a, b) => compare(this.#worth(b), this.#worth(a))).slice(most);
  }

  /** It makes room for others. */
  replace(peer: PeerDriver): void {
    this.#had.set(peer.index, peer.book.window.rate);
    peer.close('replaced');
  }

  /** There are enough without those beyond `most`. */
  dismissBeyond(most: number): void {
    for (const peer of this.beyond(most)) peer.close(this.#had.has(peer.index) ? 'replaced' : 'surplus');
  }

  forget(peers: readonly PeerIndex[]): void {
    for (const peer of peers) this.#had.delete(peer);
  }

  /** Bytes per second that may be expected: a peer that has not had its turn may be the best. */
  #worth(peer: PeerDriver): number {
    return Math.max(this.#had.get(peer.index) ?? Number.POSITIVE_INFINITY, peer.book.window.rate);
  }
}

/** Subtraction makes no number of two that are infinite. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
