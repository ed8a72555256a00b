/**
 * Peers that work for us: they unchoke us, have pieces that we want, and send blocks when we request them. Only these count for
 * `--max-peers`.
 */
import type { PeerDriver } from '../peer/peer-driver.ts';

export class WorkingPeers {
  /** In the order in which they started to work. */
  readonly #peers = new Set<PeerDriver>();

  get size(): number {
    return this.#peers.size;
  }

  /** Checks a peer again. While the torrent is unknown, it is also unknown whether a peer is useful. */
  note(peer: PeerDriver, torrentKnown: boolean): void {
    const { state } = peer;
    const isGood = state.phase === 'unchoked' && !state.session.silent;
    const works = isGood && (!torrentKnown || state.session.useful === true);
    if (works) this.#peers.add(peer);
    else this.#peers.delete(peer);
  }

  /** True if more than `most` peers work and this is one of them. */
  isSurplus(peer: PeerDriver, most: number): boolean {
    return this.#peers.size > most && this.#peers.has(peer);
  }

  /** The newest peers beyond `most`: some turn out to be useful only after their unchoke. */
  beyond(most: number): PeerDriver[] {
    return this.#peers.size > most ? [...this.#peers].slice(most) : [];
  }
}
