/**
 * Peers that are dialled at the same moment as they dial us (BEP 55). Nobody named them to this shard, so they have indices of
 * incoming peers, and main hears of those that answer. Both dials may connect: then one of the two connections is closed, on both
 * sides the same one.
 */
import type { HostPort } from '../../shared/compact-peers.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { MAX_PUNCHES, TWICE_CONNECTED_MS } from '../../shared/limits.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { Choked, Unchoked } from '../peer/peer-state.ts';

export interface PunchesHost {
  readonly peers: ReadonlyMap<PeerIndex, PeerDriver>;
  /** As in our handshake. */
  readonly peerId: Uint8Array;
  /** A new peer at this address; it is not dialled yet. */
  enter(address: HostPort): PeerDriver;
}

export class Punches {
  readonly #host: PunchesHost;
  readonly #dialling = new Set<PeerDriver>();
  readonly #connected = new Set<PeerDriver>();

  constructor(host: PunchesHost) {
    this.#host = host;
  }

  /** Not if there is a connection to it already, or such a dial. A usual dial that nobody answers is no obstacle. */
  start(address: HostPort): void {
    if (this.#dialling.size >= MAX_PUNCHES || this.#othersAt(address, null).length > 0) return;
    const peer = this.#host.enter(address);
    this.#dialling.add(peer);
    peer.dial();
  }

  /**
   * A peer connected to us from this address and has named the torrent: our own dial is not needed. The other side has not seen
   * more of it than its first packet, so it cannot give up its own dial for ours. True if there was one.
   */
  met(address: HostPort): boolean {
    const dials = [...this.#dialling].filter((peer) => isAt(peer, address));
    for (const peer of dials) peer.close('twice');
    return dials.length > 0;
  }

  has(peer: PeerDriver): boolean {
    return this.#dialling.has(peer) || this.#connected.has(peer);
  }

  /** It has answered. True if it is one of ours. */
  answered(peer: PeerDriver): boolean {
    if (!this.#dialling.delete(peer)) return false;
    this.#connected.add(peer);
    return true;
  }

  /** It is closed, or was not dialled. Returns what it was. */
  left(peer: PeerDriver): 'unanswered' | 'connected' | null {
    if (this.#dialling.delete(peer)) return 'unanswered';
    return this.#connected.delete(peer) ? 'connected' : null;
  }

  /**
   * The other side may have a rule of its own (libtorrent compares ports) and has some time to close one. If both stay, the dial of
   * the smaller peer id counts. Both sides know the ids, whatever the routers do to ports.
   */
  tick(now: number): void {
    for (const peer of [...this.#connected]) {
      if (!isSettled(peer, now)) continue;
      for (const other of this.#othersAt(peer.address, peer)) {
        if (!isSettled(other, now)) continue;
        const isOurs = Buffer.from(this.#host.peerId).toString('latin1') < (peer.peerId ?? '');
        (isOurs ? other : peer).close('twice');
        if (!isOurs) break;
      }
    }
  }

  #othersAt(address: HostPort, peer: PeerDriver | null): PeerDriver[] {
    const counts = (other: PeerDriver): boolean =>
      other.state.phase !== 'dialing' || this.#dialling.has(other);
    return [...this.#host.peers.values()].filter(
      (other) => other !== peer && isAt(other, address) && counts(other),
    );
  }
}

function isAt({ address }: PeerDriver, { host, port }: HostPort): boolean {
  return address.host === host && address.port === port;
}

function isSettled({ inSession, state }: PeerDriver, now: number): boolean {
  if (!inSession) return false;
  const { timeline } = state as Choked | Unchoked;
  return now - (timeline.handshaken ?? now) >= TWICE_CONNECTED_MS;
}
