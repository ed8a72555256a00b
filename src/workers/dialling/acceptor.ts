/** Peers that connect to us: how many may, how often, and under which numbers they go. */
import type { Clock } from '../../shared/clock.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  ACCEPT_BURST_PEERS,
  ACCEPTS_PER_S,
  MAX_ACCEPTED_PEERS,
  MAX_ACCEPTED_PER_ADDRESS,
  MAX_REMEMBERED_HOMES,
} from '../../shared/limits.ts';
import type { PeerAddress } from '../../shared/messages.ts';
import { Allowance } from '../peer/allowance.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type {
  Address,
  Connection,
  ConnectionEvents,
  Listener,
  Listening,
  Transport,
} from '../transport/transport.ts';
import { GuestBook, homeOf } from './guest-book.ts';

export interface AcceptorRequest {
  readonly port: number;
  readonly host: string | null;
  readonly firstPeer: PeerIndex;
}

/** What the shard is asked, and told. */
export interface AcceptorHost {
  readonly clock: Clock;
  /** Peers are wanted at all. */
  readonly mayDial: boolean;
  /** There is a socket for one more. */
  readonly hasRoom: boolean;
  onListening(listening: Listening): void;
  /** The peer that it is from here on; `start` lets it in. */
  onAccepted(address: PeerAddress): PeerDriver;
  guard(work: () => void): void;
}

type Start = (events: ConnectionEvents) => Connection;

export class Acceptor {
  readonly #host: AcceptorHost;
  readonly #listener: Listener;
  readonly #guests = new GuestBook();
  /** How often each home may knock; the ones that knocked last. */
  readonly #knocks = new Map<string, Allowance>();
  #next: number;

  constructor({ port, host, firstPeer }: AcceptorRequest, transport: Transport, shard: AcceptorHost) {
    this.#host = shard;
    this.#next = firstPeer;
    const onAccept = (from: Address, start: Start): void => shard.guard(() => this.#knock(from, start));
    this.#listener = transport.listen({ port, host, onAccept }, (listening) =>
      this.#host.onListening(listening),
    );
  }

  /** The peer came in here. */
  has(peer: PeerIndex): boolean {
    return this.#guests.has(peer);
  }

  /** A peer is gone; true if it had come in here. */
  left(peer: PeerIndex): boolean {
    return this.#guests.leave(peer);
  }

  close(): void {
    this.#listener.close();
  }

  /** Who is not let in is hung up on by the transport. */
  #knock({ host, port }: Address, start: Start): void {
    const now = this.#host.clock();
    const home = homeOf(host);
    if (!this.#host.mayDial || !this.#mayKnock(home, now)) return;
    const isFullHome = this.#guests.atHome(home) >= MAX_ACCEPTED_PER_ADDRESS;
    if (isFullHome && !this.#guests.makeRoomFor(host, now, home)) return;
    const isFull = this.#guests.size >= MAX_ACCEPTED_PEERS || !this.#host.hasRoom;
    if (isFull && !this.#guests.makeRoomFor(host, now)) return;
    const index = this.#next++ as PeerIndex;
    const peer = this.#host.onAccepted({ peer: index, host, port });
    this.#guests.enter(index, host, peer, now);
    peer.accept(start);
  }

  /** Each knock may cost us a key exchange. */
  #mayKnock(home: string, now: number): boolean {
    const knocks = this.#knocks.get(home) ?? new Allowance(ACCEPT_BURST_PEERS, ACCEPTS_PER_S, now);
    this.#knocks.delete(home);
    this.#knocks.set(home, knocks);
    const [oldest] = this.#knocks.keys();
    if (this.#knocks.size > MAX_REMEMBERED_HOMES && oldest !== undefined) this.#knocks.delete(oldest);
    knocks.refill(now);
    return knocks.spend(1);
  }
}
