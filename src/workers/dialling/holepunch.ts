/**
 * Holepunching (BEP 55) for one torrent on a shard, in all three roles: we ask a relay to introduce us to a peer that nobody can
 * dial; a relay asks us to dial a peer that wants to meet us; and we are the relay of others. Nobody may use us to send packets to
 * a third one: what peers ask is limited for each of them here, and for all of them together on main.
 */
import { mayName, reachOf } from '../../shared/address-rules.ts';
import type { Clock } from '../../shared/clock.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { HolepunchCommand, HolepunchEvent, Introduction } from '../../shared/holepunch.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  HOLEPUNCH_BURST,
  HOLEPUNCHES_PER_MINUTE,
  LOWEST_PUNCHED_PORT,
  UNANSWERED_DIAL_MS,
} from '../../shared/limits.ts';
import type { PeerAddress } from '../../shared/messages.ts';
import { Allowance } from '../peer/allowance.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import { encodeHolepunch, HOLEPUNCH_ERRORS, type HolepunchMessage } from '../wire/holepunch-message.ts';
import type { Punches } from './punches.ts';

export interface HolepunchHost {
  /** The peers of the torrent on this shard. */
  readonly peers: ReadonlyMap<PeerIndex, PeerDriver>;
  readonly clock: Clock;
  /** We said that we take part. */
  readonly isOffered: boolean;
  /** A peer is wanted, and there is a socket for it. */
  readonly mayPunch: boolean;
  /** The address is our own. */
  isOurs(address: HostPort): boolean;
  isIncoming(peer: PeerDriver): boolean;
  tell(event: HolepunchEvent): void;
}

/** What one peer may still ask. */
interface Asked {
  readonly introductions: Allowance;
  readonly punches: Allowance;
}

export class Holepunch {
  readonly #host: HolepunchHost;
  readonly #punches: Punches;
  readonly #asked = new Map<PeerIndex, Asked>();
  /** Others may introduce us to them. */
  readonly #punchable = new Set<PeerIndex>();
  /** Dials to these that are under way, the oldest first. */
  readonly #dialled = new Map<PeerIndex, number>();

  constructor(host: HolepunchHost, punches: Punches) {
    this.#host = host;
    this.#punches = punches;
  }

  named(addresses: readonly PeerAddress[]): void {
    for (const { peer, punchable } of addresses) if (punchable === true) this.#punchable.add(peer);
  }

  forget(peers: readonly PeerIndex[]): void {
    for (const peer of peers) this.#punchable.delete(peer);
  }

  dialled(peer: PeerIndex): void {
    if (this.#host.isOffered && this.#punchable.has(peer)) this.#dialled.set(peer, this.#host.clock());
  }

  /** A dial has ended in any way. `isMissed`: nobody answered it. */
  dialEnded(peer: PeerIndex, isMissed: boolean): void {
    if (this.#dialled.delete(peer) && isMissed) this.#host.tell({ type: 'unanswered', peer });
  }

  left(peer: PeerIndex): void {
    this.#asked.delete(peer);
  }

  /** Behind a router, a peer that can be dialled answers within a second or two: the others are worth an introduction. */
  tick(now: number): void {
    for (const [peer, at] of this.#dialled) {
      if (now - at < UNANSWERED_DIAL_MS) return;
      this.#dialled.delete(peer);
      this.#host.tell({ type: 'unanswered', peer });
    }
  }

  heard(peer: PeerDriver, { kind, address }: HolepunchMessage): void {
    if (!this.#host.isOffered) return;
    switch (kind) {
      case 'rendezvous':
        if (this.#mayAsk(peer.index, 'introductions')) this.#introduce(peer, address);
        return;
      case 'connect':
        if (this.#mayAsk(peer.index, 'punches') && this.#isBelievable(peer, address))
          this.#host.tell({ type: 'punch-asked', peer: peer.index, address });
        return;
      case 'error':
        this.#host.tell({ type: 'not-introduced', peer: peer.index, target: address });
        return;
    }
  }

  command(command: HolepunchCommand): void {
    // Main waits for this answer, also of a shard that has just learnt that the torrent is private.
    if (command.type === 'introduce') return this.#lookFor(command);
    if (!this.#host.isOffered) return;
    switch (command.type) {
      case 'ask-introduction':
        return this.#ask(command.peer, command.target);
      case 'punch':
        if (this.#host.mayPunch) this.#punches.start(command.address);
        return;
      case 'introduction': {
        const peer = this.#host.peers.get(command.peer);
        if (peer !== undefined) this.#answer(peer, command.target, command.result);
        return;
      }
    }
  }

  #lookFor({ request, initiator, target }: Extract<HolepunchCommand, { type: 'introduce' }>): void {
    const result: Introduction = this.#host.isOffered
      ? this.#meet(target, initiator, null)
      : { kind: 'not-connected' };
    this.#host.tell({ type: 'introduced', request, result });
  }

  #mayAsk(peer: PeerIndex, what: keyof Asked): boolean {
    const now = this.#host.clock();
    const full = () => new Allowance(HOLEPUNCH_BURST, HOLEPUNCHES_PER_MINUTE / 60, now);
    const asked = this.#asked.get(peer) ?? { introductions: full(), punches: full() };
    this.#asked.set(peer, asked);
    asked[what].refill(now);
    return asked[what].spend(1);
  }

  /** A peer listens at a high port behind its router, and servers that might be hurt at low ones. */
  #isBelievable(relay: PeerDriver, address: HostPort): boolean {
    return this.#host.mayPunch && address.port >= LOWEST_PUNCHED_PORT && mayMeet(relay.address, address);
  }

  /** We are the initiator. */
  #ask(index: PeerIndex, target: HostPort): void {
    const relay = this.#host.peers.get(index);
    const message = encodeHolepunch('rendezvous', target);
    if (relay?.inSession !== true || relay.extensions?.punches !== true || message === null)
      return this.#host.tell({ type: 'not-introduced', peer: index, target });
    relay.extensions.tellHolepunch(message);
  }

  /** We are the relay. */
  #introduce(peer: PeerDriver, target: HostPort): void {
    if (this.#host.isOurs(target)) return this.#answer(peer, target, { kind: 'no-self' });
    const initiator = this.#overUtp(peer);
    // Peers of our own network are not told to strangers, and a stranger cannot reach them.
    if (!mayMeet(peer.address, target)) return this.#answer(peer, target, { kind: 'not-connected' });
    if (!mayMeet(target, initiator)) return this.#answer(peer, target, { kind: 'no-such-peer' });
    const result = this.#meet(target, initiator, peer);
    // Each shard has some of the peers.
    if (result.kind === 'not-connected')
      this.#host.tell({ type: 'introduction-asked', peer: peer.index, initiator, target });
    else this.#answer(peer, target, result);
  }

  /** Tells `target`, if it is here, to dial `initiator`. */
  #meet(target: HostPort, initiator: HostPort, asking: PeerDriver | null): Introduction {
    const peer = this.#peerAt(target);
    if (peer === null) return { kind: 'not-connected' };
    if (peer === asking) return { kind: 'no-self' };
    const message = encodeHolepunch('connect', initiator);
    if (peer.extensions?.punches !== true || message === null) return { kind: 'no-support' };
    peer.extensions.tellHolepunch(message);
    return { kind: 'sent', address: isUtp(peer) ? peer.address : target };
  }

  #answer(peer: PeerDriver, target: HostPort, result: Introduction): void {
    const message =
      result.kind === 'sent'
        ? encodeHolepunch('connect', result.address)
        : encodeHolepunch('error', target, HOLEPUNCH_ERRORS[result.kind]);
    if (message !== null) peer.extensions?.tellHolepunch(message);
  }

  /** At the address of its connection, or at the one where it says that it listens, which others know. */
  #peerAt({ host, port }: HostPort): PeerDriver | null {
    let found: PeerDriver | null = null;
    for (const peer of this.#host.peers.values()) {
      if (!peer.inSession || peer.address.host !== host) continue;
      if (peer.address.port === port) return peer;
      if (peer.extensions?.port === port) found ??= peer;
    }
    return found;
  }

  /** Where it is dialled over uTP. Its router knows the port that its packets come from; a TCP connection does not show that one. */
  #overUtp(peer: PeerDriver): HostPort {
    const { address, extensions } = peer;
    if (isUtp(peer) || !this.#host.isIncoming(peer)) return address;
    return { host: address.host, port: extensions?.port ?? address.port };
  }
}

function isUtp({ transport }: PeerDriver): boolean {
  return transport.startsWith('utp');
}

/** True if a peer at `who` may be given the address `what`, or give it to us. */
function mayMeet(who: HostPort, what: HostPort): boolean {
  const reach = reachOf(who.host);
  const other = reachOf(what.host);
  return reach !== null && other !== null && mayName(reach, other);
}
