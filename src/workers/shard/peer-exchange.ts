/** A shard's side of peer exchange (BEP 11): once a minute it tells peers that support it which peers it is connected to. */
import { believable, reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { MAX_PEX_PEERS, PEX_INTERVAL_MS } from '../../shared/limits.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import { encodePex, PEX_FLAG, type PexPeer } from '../wire/pex-message.ts';

/** How often to check which peers it is time to tell. */
const LOOK_MS = 1_000;
/** Time for an extended handshake, which comes right after the handshake. */
const GREETING_MS = 2_000;

interface Told {
  at: number;
  readonly peers: Map<PeerIndex, HostPort>;
}

/** How a peer and we came together. `punched`: both dialled at one time (BEP 55). */
export type Way = 'dialled' | 'incoming' | 'punched';

/** A peer and the address where others reach it. */
interface Named {
  readonly peer: PeerDriver;
  readonly address: HostPort;
  readonly flags: number;
}

export class PeerExchange {
  readonly #told = new Map<PeerIndex, Told>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** Peers that we dialled are passed on, and incoming peers that say where they accept connections (BEP 10 `p`). */
  tick(peers: Iterable<PeerDriver>, wayOf: (peer: PeerDriver) => Way, now: number): void {
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const present = [...peers].filter((peer) => peer.inSession);
    const named = present.flatMap((peer) => nameOf(peer, wayOf(peer), now));
    for (const listener of present) {
      if (listener.extensions?.exchangesPeers !== true) continue;
      let told = this.#told.get(listener.index);
      if (told === undefined) {
        told = { at: Number.NEGATIVE_INFINITY, peers: new Map() };
        this.#told.set(listener.index, told);
      }
      if (now - told.at < PEX_INTERVAL_MS) continue;
      const hasTold = this.#tell(listener, told.peers, named);
      // Nothing to say yet: the first peer hears of the second at once, not a minute later.
      if (hasTold || told.peers.size > 0) told.at = now;
    }
  }

  forget(peer: PeerIndex): void {
    this.#told.delete(peer);
  }

  /** Returns whether there was anything to say. */
  #tell(listener: PeerDriver, told: Map<PeerIndex, HostPort>, named: readonly Named[]): boolean {
    const now = new Set(named.map(({ peer }) => peer.index));
    const dropped = [...told].filter(([peer]) => !now.has(peer)).slice(0, MAX_PEX_PEERS);
    const added: PexPeer[] = [];
    // A public peer does not get addresses of our own network: they are of no use there, and we do not reveal our network.
    const reach = reachOf(listener.address.host) ?? 'public';
    for (const { peer, address, flags } of named) {
      if (added.length === MAX_PEX_PEERS) break;
      if (isSame(peer, listener) || told.has(peer.index) || believable([address], reach).length === 0)
        continue;
      told.set(peer.index, address);
      added.push({ ...address, flags: flags | (peer.pieces.complete ? PEX_FLAG.seed : 0) });
    }
    for (const [peer] of dropped) told.delete(peer);
    const message = encodePex(
      added,
      dropped.map(([, address]) => address),
    );
    if (message === null) return false;
    listener.extensions?.tellPeers(message);
    return true;
  }
}

/** A peer that is dialled again has two connections for a moment. It needs no news of itself. */
function isSame(peer: PeerDriver, other: PeerDriver): boolean {
  return peer === other || (peer.peerId === other.peerId && peer.address.host === other.address.host);
}

function nameOf(peer: PeerDriver, way: Way, now: number): Named[] {
  if (isGreeting(peer, now)) return [];
  const { extensions, transport, address } = peer;
  const punches = extensions?.punches === true ? PEX_FLAG.holepunch : 0;
  const flags = punches | (transport.startsWith('utp') ? PEX_FLAG.utp : 0);
  if (way === 'dialled') return [{ peer, address, flags: flags | PEX_FLAG.reachable }];
  if (way === 'punched') return [{ peer, address, flags }];
  const port = extensions?.port ?? null;
  return port === null ? [] : [{ peer, address: { host: address.host, port }, flags }];
}

/** Its extended handshake (BEP 10) is on its way: a moment later its flags are known, and each peer is named only once. */
function isGreeting({ state, extensions }: PeerDriver, now: number): boolean {
  if (extensions !== null || (state.phase !== 'choked' && state.phase !== 'unchoked')) return false;
  return state.session.extended && now - (state.timeline.handshaken ?? now) < GREETING_MS;
}
