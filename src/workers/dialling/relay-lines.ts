/**
 * Peers that may introduce us to others, and others to us (BEP 55): a relay tells the other side the address of its connection to
 * us. If that is TCP, it is of no use for a dial over uTP. So where nobody can dial us, a few peers are dialled again over uTP;
 * only such that give us nothing at the moment.
 */
import { reachOf } from '../../shared/address-rules.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { RELAY_LINE_AFTER_MS, RELAY_LINE_INTERVAL_MS, RELAY_LINES } from '../../shared/limits.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { Choked, Unchoked } from '../peer/peer-state.ts';

export class RelayLines {
  readonly #tried = new Set<PeerIndex>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** The peer to dial again over uTP; null if there are enough lines, or no peer for another one. */
  next(
    peers: Iterable<PeerDriver>,
    isIncoming: (peer: PeerDriver) => boolean,
    now: number,
  ): PeerDriver | null {
    if (now - this.#lookedAt < RELAY_LINE_INTERVAL_MS) return null;
    this.#lookedAt = now;
    let lines = 0;
    let next: PeerDriver | null = null;
    for (const peer of peers) {
      if (!peer.inSession || peer.extensions?.punches !== true || isIncoming(peer)) continue;
      if (reachOf(peer.address.host) !== 'public') continue;
      if (peer.transport.startsWith('utp')) lines += 1;
      else if (!this.#tried.has(peer.index) && isIdle(peer, now)) next ??= peer;
    }
    if (lines >= RELAY_LINES || next === null) return null;
    this.#tried.add(next.index);
    return next;
  }

  forget(peers: readonly PeerIndex[]): void {
    for (const peer of peers) this.#tried.delete(peer);
  }
}

/** Its connection is not missed. */
function isIdle({ state, isServed }: PeerDriver, now: number): boolean {
  const { phase, since, session } = state as Choked | Unchoked;
  if (isServed) return false;
  // It may unchoke us any moment.
  return session.useful === false || (phase === 'choked' && now - since >= RELAY_LINE_AFTER_MS);
}
