/**
 * Chooses which incoming peer makes room for a new one. Of the least useful ones it takes one from the most crowded network, and
 * of these the oldest. A peer that works for us never has to leave. A new peer has a while to show its use, unless its network is
 * more crowded than that of the newcomer.
 */
import { networkOf } from '../../shared/ip-address.ts';
import { INCOMING_GRACE_MS, USEFUL_INCOMING_GRACE_MS } from '../../shared/limits.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';

/** The part of an incoming peer that is judged. Its state is null until it has named its torrent. */
export interface IncomingPeer {
  readonly state: PeerDriver['state'] | null;
  readonly receivedBytes: number;
  /** It wants data from us, and we unchoke it. */
  readonly isServed: boolean;
  close(code: 'slot-needed'): void;
}

interface Place {
  readonly peer: IncomingPeer;
  readonly at: number;
  /** An IPv4 address or an IPv6 /64: what one household has. */
  readonly home: string;
  /** An IPv4 /24 or an IPv6 /48: what one owner has. */
  readonly network: string;
}

/** An IPv4 address is one host; with IPv6 each host has a /64. */
export const homeOf = (host: string): string => networkOf(host, 4, 8);

export class IncomingPlaces {
  /** In the order in which they connected. */
  readonly #places = new Map<IncomingPeer, Place>();
  readonly #perHome = new Map<string, number>();
  readonly #perNetwork = new Map<string, number>();

  get size(): number {
    return this.#places.size;
  }

  has(peer: IncomingPeer): boolean {
    return this.#places.has(peer);
  }

  atHome(home: string): number {
    return this.#perHome.get(home) ?? 0;
  }

  enter(peer: IncomingPeer, host: string, at: number): void {
    const place = { peer, at, home: homeOf(host), network: networkOf(host, 3, 6) };
    this.#places.set(peer, place);
    count(this.#perHome, place.home, 1);
    count(this.#perNetwork, place.network, 1);
  }

  /** `peer` takes the place of `before`, with the same arrival time. */
  replace(before: IncomingPeer, peer: IncomingPeer): void {
    const place = this.#places.get(before);
    if (place === undefined || !this.#places.delete(before)) return;
    this.#places.set(peer, { ...place, peer });
  }

  /** True if the peer had a place. */
  leave(peer: IncomingPeer): boolean {
    const place = this.#places.get(peer);
    if (place === undefined) return false;
    this.#places.delete(peer);
    count(this.#perHome, place.home, -1);
    count(this.#perNetwork, place.network, -1);
    return true;
  }

  /** Closes one peer to make room for another from `host`; with `home` one from there. False if none can be closed. */
  makeRoomFor(host: string, now: number, home: string | null = null): boolean {
    const crowd = (this.#perNetwork.get(networkOf(host, 3, 6)) ?? 0) + 1;
    let victim: { readonly place: Place; readonly use: number; readonly crowd: number } | null = null;
    for (const place of this.#places.values()) {
      if (home !== null && place.home !== home) continue;
      const use = useOf(place.peer);
      const theirs = this.#perNetwork.get(place.network) ?? 0;
      const grace = use >= USE.promising ? USEFUL_INCOMING_GRACE_MS : INCOMING_GRACE_MS;
      if (use >= USE.works || (now - place.at < grace && theirs <= crowd)) continue;
      if (victim === null || use < victim.use || (use === victim.use && theirs > victim.crowd))
        victim = { place, use, crowd: theirs };
    }
    victim?.place.peer.close('slot-needed');
    return victim !== null;
  }
}

const USE = { none: 0, unknown: 1, promising: 2, gave: 3, works: 4 } as const;

function useOf({ state, receivedBytes, isServed }: IncomingPeer): number {
  if (isServed) return USE.works;
  if (state?.phase !== 'choked' && state?.phase !== 'unchoked') return USE.none;
  const { useful, silent } = state.session;
  if (useful === false) return USE.none;
  if (state.phase === 'unchoked' && !silent) return USE.works;
  if (receivedBytes > 0) return USE.gave;
  return useful === null ? USE.unknown : USE.promising;
}

function count(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const rest = (counts.get(key) ?? 0) + change;
  if (rest === 0) counts.delete(key);
  else counts.set(key, rest);
}
