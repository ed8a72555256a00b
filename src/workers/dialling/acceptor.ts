/** Peers that connect to us: how many may, how often, and which torrent each of them names. */

import type { Clock } from '../../shared/clock.ts';
import {
  ACCEPT_BURST_PEERS,
  ACCEPTS_PER_S,
  HANDSHAKE_TIMEOUT_MS,
  KEY_EXCHANGE_BURST,
  KEY_EXCHANGES_PER_S,
  MAX_ACCEPTED_PEERS,
  MAX_ACCEPTED_PER_ADDRESS,
  MAX_REMEMBERED_HOMES,
  MAX_SEED_ACCEPTED_PEERS,
  MAX_SEED_ACCEPTED_PER_ADDRESS,
  SEED_ACCEPT_BURST_PEERS,
  SEED_ACCEPTS_PER_S,
} from '../../shared/limits.ts';
import type { Encryption } from '../../shared/messages.ts';
import type { TorrentNames } from '../../shared/torrent-names.ts';
import { Allowance } from '../peer/allowance.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { AcceptedSetup } from '../transport/encryption/mse-connection.ts';
import type {
  Address,
  Connection,
  ConnectionEvents,
  Listener,
  Listening,
  ListenRequest,
  Transport,
} from '../transport/transport.ts';
import { Arrival } from './arrival.ts';
import { homeOf, IncomingPlaces } from './incoming-places.ts';
import type { TorrentDirectory } from './torrent-directory.ts';

/** A torrent that may take incoming peers. */
export interface AcceptingTorrent {
  readonly names: TorrentNames;
  /** It takes incoming peers now. */
  readonly mayAccept: boolean;
  /** A seed is complete: only others want something. */
  readonly torrent: { readonly isSeed: boolean };
  /** The connection of `arrival` is a peer of this torrent from now on. */
  welcome(arrival: Arrival, connection: Connection): PeerDriver;
}

/** What the shard is asked, and what it hears. */
export interface AcceptorHost {
  readonly clock: Clock;
  readonly encryption: Encryption;
  readonly world: Pick<AcceptedSetup, 'randomBytes'>;
  readonly torrents: TorrentDirectory<AcceptingTorrent>;
  /** There is a socket for one more. */
  readonly hasRoom: boolean;
  /** A socket is free again. */
  freed(): void;
  onListening(listening: Listening): void;
  guard(work: () => void): void;
}

/** How many connections are taken, and how often from one home. */
const OF_DOWNLOADS = {
  peers: MAX_ACCEPTED_PEERS,
  perAddress: MAX_ACCEPTED_PER_ADDRESS,
  burst: ACCEPT_BURST_PEERS,
  perS: ACCEPTS_PER_S,
} as const;
/** A download knows many peers; a seed has only those that connect to it. */
const OF_SEEDS = {
  peers: MAX_SEED_ACCEPTED_PEERS,
  perAddress: MAX_SEED_ACCEPTED_PER_ADDRESS,
  burst: SEED_ACCEPT_BURST_PEERS,
  perS: SEED_ACCEPTS_PER_S,
} as const;

type Start = (events: ConnectionEvents) => Connection;

export class Acceptor {
  readonly #host: AcceptorHost;
  readonly #readBuffer: Buffer;
  readonly #listener: Listener;
  readonly #places = new IncomingPlaces();
  readonly #arrivals = new Set<Arrival>();
  /** How often each home may connect; those that did last. */
  readonly #attempts = new Map<string, Allowance>();
  readonly #keyExchanges: Allowance;
  /** Of all torrents of the session; each thread that listens has its part. */
  #limits: typeof OF_DOWNLOADS | typeof OF_SEEDS = OF_DOWNLOADS;
  #listeners = 1;

  constructor(at: Omit<ListenRequest, 'onAccept'>, transport: Transport, shard: AcceptorHost) {
    this.#host = shard;
    this.#readBuffer = transport.readBuffer;
    this.#keyExchanges = new Allowance(KEY_EXCHANGE_BURST, KEY_EXCHANGES_PER_S, shard.clock());
    const onAccept = (from: Address, start: Start): void => shard.guard(() => this.#accept(from, start));
    const { port, host, shared, sharedUtp } = at;
    const request = { port, host, shared, sharedUtp, onAccept };
    this.#listener = transport.listen(request, (listening) => shard.onListening(listening));
  }

  /** So many threads listen at the port. */
  share(listeners: number): void {
    this.#listeners = listeners;
  }

  /** Connections that have not named their torrent. */
  get arriving(): number {
    return this.#arrivals.size;
  }

  /** The peer came in here. */
  has(peer: PeerDriver): boolean {
    return this.#places.has(peer);
  }

  /** A peer is gone; true if it had come in here. */
  left(peer: PeerDriver): boolean {
    return this.#places.leave(peer);
  }

  tick(now: number): void {
    for (const arrival of this.#arrivals) {
      // In the order in which they came.
      if (now - arrival.at < HANDSHAKE_TIMEOUT_MS) return;
      arrival.close();
    }
  }

  close(): void {
    this.#listener.close();
    for (const arrival of [...this.#arrivals]) arrival.close();
  }

  /** A connection that is not taken is closed by the transport. */
  #accept(from: Address, start: Start): void {
    const now = this.#host.clock();
    const home = homeOf(from.host);
    this.#reviewLimits();
    if (!this.#isWanted || !this.#mayTry(home, now)) return;
    const isFullHome = this.#places.atHome(home) >= this.#partOf(this.#limits.perAddress);
    if (isFullHome && !this.#places.makeRoomFor(from.host, now, home)) return;
    const isFull = this.#places.size >= this.#partOf(this.#limits.peers) || !this.#host.hasRoom;
    if (isFull && !this.#places.makeRoomFor(from.host, now)) return;
    const arrival = new Arrival(from, now, {
      readBuffer: this.#readBuffer,
      encryption: this.#host.encryption,
      randomBytes: this.#host.world.randomBytes,
      torrentOf: (named) => this.#host.torrents.hashOfRequest(named),
      mayExchangeKeys: () => this.#mayExchangeKeys(),
      guard: (work) => this.#host.guard(work),
      onNamed: (one, infoHash, connection) => this.#named(one, infoHash, connection),
      onGone: (one) => {
        this.#arrivals.delete(one);
        this.#places.leave(one);
        this.#host.freed();
      },
    });
    this.#arrivals.add(arrival);
    this.#places.enter(arrival, from.host, now);
    arrival.begin(start);
  }

  #partOf(limit: number): number {
    return Math.ceil(limit / this.#listeners);
  }

  /** Peers that came while other limits held stay. */
  #reviewLimits(): void {
    const gives = [...this.#host.torrents.values()].some(({ torrent }) => torrent.isSeed);
    const limits = gives ? OF_SEEDS : OF_DOWNLOADS;
    if (limits === this.#limits) return;
    this.#limits = limits;
    this.#attempts.clear();
  }

  get #isWanted(): boolean {
    for (const torrent of this.#host.torrents.values()) if (torrent.mayAccept) return true;
    return false;
  }

  #named(arrival: Arrival, infoHash: Uint8Array, connection: Connection): PeerDriver | null {
    const torrent = this.#host.torrents.byInfoHash(infoHash);
    if (torrent?.mayAccept !== true) return null;
    this.#arrivals.delete(arrival);
    const peer = torrent.welcome(arrival, connection);
    this.#places.replace(arrival, peer);
    return peer;
  }

  #mayExchangeKeys(): boolean {
    this.#keyExchanges.refill(this.#host.clock());
    return this.#keyExchanges.spend(1);
  }

  /** Each attempt may cost us a key exchange. */
  #mayTry(home: string, now: number): boolean {
    const { burst, perS } = this.#limits;
    const attempts = this.#attempts.get(home) ?? new Allowance(burst, perS, now);
    this.#attempts.delete(home);
    this.#attempts.set(home, attempts);
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > MAX_REMEMBERED_HOMES && oldest !== undefined) this.#attempts.delete(oldest);
    attempts.refill(now);
    return attempts.spend(1);
  }
}
