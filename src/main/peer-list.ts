/**
 * Every address that this run knows, once: the position in this list is the peer's index everywhere. Also what became
 * of it.
 */
import { reachOf } from '../shared/address-rules.ts';
import type { HostPort } from '../shared/compact-peers.ts';
import { type PeerIndex, peerIndex, type ShardId } from '../shared/indices.ts';
import { addressBytes, canonicalHost } from '../shared/ip-address.ts';
import {
  MAX_KNOWN_PEERS,
  MAX_PEERS_PER_SOURCE,
  MAX_PEERS_PER_SUBNET,
  MAX_REMEMBERED_GUESTS,
} from '../shared/limits.ts';
import type { PeerAddress, PeerOutcome } from '../shared/messages.ts';
import { NO_TIMES, type TimelineStage } from '../shared/timeline.ts';
import type { Blocklist } from './blocklist.ts';

export interface KnownPeer extends PeerAddress {
  /** Who named it: a tracker, the user, a file. */
  readonly source: string;
}

/** The source of peers that the user named. */
export const USER = 'user';
/** Sources that a private torrent does not have (BEP 27). */
export const DHT = 'dht';
export const LSD = 'lsd';
export const PEX = 'pex';
/** Peers that a magnet link names (`x.pe`). */
export const MAGNET = 'magnet';
export const PUBLIC_SOURCES: ReadonlySet<string> = new Set([DHT, LSD, PEX, MAGNET]);
/** The source of peers that connected to us. */
export const INCOMING = 'incoming';
/** Far beyond MAX_KNOWN_PEERS, and within the range of indices. */
const FIRST_ACCEPTED = 2 ** 20;

export class PeerList {
  readonly #peers: KnownPeer[] = [];
  readonly #byAddress = new Map<string, PeerIndex>();
  readonly #outcomes = new Map<PeerIndex, PeerOutcome>();
  /** Lost, but to be dialled again. */
  readonly #retrying = new Set<PeerIndex>();
  readonly #banned = new Set<string>();
  readonly #blocklist: Blocklist | null;
  readonly #perSource = new Map<string, number>();
  readonly #perSubnet = new Map<string, number>();
  /** Known by no tracker, and not named by the user. */
  readonly #foundInPublic = new Set<PeerIndex>();
  #refused = 0;
  #blocked = 0;
  /** Peers that connected to us; they are in nobody's list, so their numbers lie beyond all others. */
  readonly #accepted = new Map<PeerIndex, KnownPeer>();
  #firstAccepted = FIRST_ACCEPTED;
  /** Guests that left and gave nothing, the oldest first. */
  readonly #idleGuests = new Set<PeerIndex>();
  /** Peers that the race names for as long as it runs. */
  readonly #held = new Set<PeerIndex>();

  get size(): number {
    return this.#peers.length;
  }

  /** `blocklist`: addresses that the user wants nothing to do with. */
  constructor(blocklist: Blocklist | null = null) {
    this.#blocklist = blocklist;
  }

  /** Addresses that were past a bound and not kept. */
  get refused(): number {
    return this.#refused;
  }

  /** Addresses that the user's blocklist kept out. */
  get blocked(): number {
    return this.#blocked;
  }

  /** On the user's blocklist, or banned for bad data. */
  isUnwelcome(host: string): boolean {
    return this.#isBlocked(host) || this.#banned.has(host);
  }

  #isBlocked(host: string): boolean {
    return this.#blocklist?.blocks(host) ?? false;
  }

  /** Adds what is new and returns it. */
  add(addresses: readonly HostPort[], source: string): KnownPeer[] {
    const added: KnownPeer[] = [];
    for (const { host: written, port } of addresses) {
      const host = canonicalHost(written);
      const key = addressKey(host, port);
      const known = this.#byAddress.get(key);
      if (known !== undefined && !PUBLIC_SOURCES.has(source)) this.#foundInPublic.delete(known);
      if (known !== undefined || this.#banned.has(host)) continue;
      if (this.#isBlocked(host)) {
        this.#blocked += 1;
        continue;
      }
      if (!this.#hasRoom(host, source)) {
        this.#refused += 1;
        continue;
      }
      const news: KnownPeer = { peer: peerIndex(this.#peers.length), host, port, source };
      this.#peers.push(news);
      this.#byAddress.set(key, news.peer);
      if (PUBLIC_SOURCES.has(source)) this.#foundInPublic.add(news.peer);
      added.push(news);
    }
    return added;
  }

  /** The first number for peers that connect from here on. */
  get firstAccepted(): PeerIndex {
    return peerIndex(this.#firstAccepted);
  }

  accept(address: PeerAddress): void {
    this.#accepted.set(address.peer, { ...address, source: INCOMING });
    this.#firstAccepted = address.peer + 1;
  }

  isAccepted(peer: PeerIndex): boolean {
    return this.#accepted.has(peer);
  }

  /** How many have connected to us. */
  get acceptedCount(): number {
    return this.#accepted.size;
  }

  /** Their shard died, and their connections with it. */
  settleAccepted(shard: ShardId, now: number): void {
    for (const peer of this.#accepted.keys())
      if (!this.#outcomes.has(peer)) this.settle(unheard(peer, shard, 'handshaking', now));
  }

  /** Everybody else, known or come by himself, with the address of this one. */
  sharingHost(peer: PeerIndex): PeerIndex[] {
    const { host } = this.at(peer);
    return [...this.#peers, ...this.#accepted.values()]
      .filter((known) => known.host === host && known.peer !== peer)
      .map((known) => known.peer);
  }

  at(peer: PeerIndex): KnownPeer {
    const known = this.#peers[peer] ?? this.#accepted.get(peer);
    if (known === undefined) throw new RangeError(`no peer ${peer}`);
    return known;
  }

  /** `host:port`, with brackets around IPv6. */
  nameOf(peer: PeerIndex): string {
    const { host, port } = this.at(peer);
    return addressKey(host, port);
  }

  /** Whoever serves bad data is not asked again, from whatever port: the whole address. True if that is news. */
  ban(peer: PeerIndex): boolean {
    if (!this.knows(peer)) return false;
    const { host } = this.at(peer);
    const isNew = !this.#banned.has(host);
    this.#banned.add(host);
    this.#retrying.delete(peer);
    return isNew;
  }

  /** What became of a peer. One that was tried several times keeps the best of what it did. */
  settle(outcome: PeerOutcome): void {
    const before = this.#outcomes.get(outcome.peer);
    this.#outcomes.set(outcome.peer, before === undefined ? outcome : merged(before, outcome));
    if (outcome.retryInMs === null) this.#retrying.delete(outcome.peer);
    else this.#retrying.add(outcome.peer);
    this.#forgetGuest(outcome);
  }

  /** A guest that connects, gives nothing and leaves, again and again, must not fill our memory: the newest are remembered. */
  #forgetGuest({ peer, receivedBytes }: PeerOutcome): void {
    if (receivedBytes > 0 || !this.#accepted.has(peer)) return;
    this.#idleGuests.add(peer);
    for (const oldest of this.#idleGuests) {
      if (this.#idleGuests.size <= MAX_REMEMBERED_GUESTS) return;
      this.#idleGuests.delete(oldest);
      if (this.#held.has(oldest)) continue;
      this.#accepted.delete(oldest);
      this.#outcomes.delete(oldest);
    }
  }

  /** The race will name this peer again, whatever becomes of it. */
  hold(peer: PeerIndex): void {
    this.#held.add(peer);
  }

  /** False for a guest that was forgotten: all that was known of it is gone. */
  knows(peer: PeerIndex): boolean {
    return this.#peers[peer] !== undefined || this.#accepted.has(peer);
  }

  outcomeOf(peer: PeerIndex): PeerOutcome | undefined {
    return this.#outcomes.get(peer);
  }

  /** Lost for now, and to be dialled again by its shard. */
  isRetrying(peer: PeerIndex): boolean {
    return this.#retrying.has(peer);
  }

  /** True if something became of every address, and of everybody who connected to us. */
  get allSettled(): boolean {
    return this.#outcomes.size === this.#peers.length + this.#accepted.size && this.#retrying.size === 0;
  }

  /** Peers that were only sent home are back in play. */
  reopenRaceLost(): void {
    for (const [peer, { reason }] of this.#outcomes)
      if (reason.code === 'race-lost') this.#outcomes.delete(peer);
  }

  /** Counts the address, too. Whoever the user names, and peers of our own networks, are bound by the whole list only. */
  #hasRoom(host: string, source: string): boolean {
    if (this.#peers.length >= MAX_KNOWN_PEERS) return false;
    if (source === USER) return true;
    const fromSource = this.#perSource.get(source) ?? 0;
    if (fromSource >= MAX_PEERS_PER_SOURCE) return false;
    if (reachOf(host) === 'public') {
      const subnet = subnetOf(host);
      const inSubnet = this.#perSubnet.get(subnet) ?? 0;
      if (inSubnet >= MAX_PEERS_PER_SUBNET) return false;
      this.#perSubnet.set(subnet, inSubnet + 1);
    }
    this.#perSource.set(source, fromSource + 1);
    return true;
  }

  get outcomes(): Iterable<PeerOutcome> {
    return this.#outcomes.values();
  }

  /** Whom a private torrent may not know (BEP 27). */
  get foundInPublic(): readonly KnownPeer[] {
    return [...this.#foundInPublic].map((peer) => this.at(peer));
  }

  get all(): readonly KnownPeer[] {
    return this.#peers;
  }
}

/** The first 24 bits of IPv4, the first 64 of IPv6. */
function subnetOf(host: string): string {
  if (!host.includes(':')) return host.slice(0, host.lastIndexOf('.'));
  return (addressBytes(host) ?? []).slice(0, 8).join('.');
}

export function addressKey(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The newest ending, the first time that each stage was reached, and all bytes. */
function merged(before: PeerOutcome, now: PeerOutcome): PeerOutcome {
  const first = (stage: TimelineStage) => before.timeline[stage] ?? now.timeline[stage];
  return {
    ...now,
    timeline: {
      dialed: first('dialed'),
      connected: first('connected'),
      handshaken: first('handshaken'),
      piecesTold: first('piecesTold'),
      interested: first('interested'),
      unchoked: first('unchoked'),
      firstBlock: first('firstBlock'),
      closed: now.timeline.closed,
    },
    client: now.client ?? before.client,
    peerIdPrefix: now.peerIdPrefix ?? before.peerIdPrefix,
    receivedBytes: before.receivedBytes + now.receivedBytes,
  };
}

/** The outcome of a peer of which no shard told any. */
export function unheard(
  peer: PeerIndex,
  shard: ShardId,
  stage: 'queued' | 'handshaking',
  now: number,
): PeerOutcome {
  return {
    peer,
    shard,
    timeline: { ...NO_TIMES, closed: now },
    reason: { stage, code: 'stopped' },
    client: null,
    peerIdPrefix: null,
    receivedBytes: 0,
    transport: 'tcp',
    retryInMs: null,
  };
}
