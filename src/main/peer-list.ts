/**
 * Every address that this run knows, once: the position in this list is the peer's index everywhere. Also what became
 * of it.
 */
import type { HostPort } from '../shared/compact-peers.ts';
import { type PeerIndex, peerIndex, type ShardId } from '../shared/indices.ts';
import { MAX_KNOWN_PEERS } from '../shared/limits.ts';
import type { PeerAddress, PeerOutcome } from '../shared/messages.ts';
import { NO_TIMES, type TimelineStage } from '../shared/timeline.ts';

export interface KnownPeer extends PeerAddress {
  /** Who named it: a tracker, the user, a file. */
  readonly source: string;
}

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
  #refused = 0;
  /** Peers that connected to us; they are in nobody's list, so their numbers lie beyond all others. */
  readonly #accepted = new Map<PeerIndex, KnownPeer>();
  #firstAccepted = FIRST_ACCEPTED;

  get size(): number {
    return this.#peers.length;
  }

  /** Addresses that were past the bound and not kept. */
  get refused(): number {
    return this.#refused;
  }

  /** Adds what is new and returns it. */
  add(addresses: readonly HostPort[], source: string): KnownPeer[] {
    const added: KnownPeer[] = [];
    for (const { host, port } of addresses) {
      const key = addressKey(host, port);
      if (this.#byAddress.has(key) || this.#banned.has(host)) continue;
      if (this.#peers.length >= MAX_KNOWN_PEERS) {
        this.#refused += 1;
        continue;
      }
      const known: KnownPeer = { peer: peerIndex(this.#peers.length), host, port, source };
      this.#peers.push(known);
      this.#byAddress.set(key, known.peer);
      added.push(known);
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
  forgetAccepted(): void {
    for (const peer of this.#accepted.keys()) this.#retrying.delete(peer);
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

  get outcomes(): Iterable<PeerOutcome> {
    return this.#outcomes.values();
  }

  get all(): readonly KnownPeer[] {
    return this.#peers;
  }
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

/** The outcome of an address whose turn never came. */
export function neverDialled(peer: PeerIndex, shard: ShardId, now: number): PeerOutcome {
  return {
    peer,
    shard,
    timeline: { ...NO_TIMES, closed: now },
    reason: { stage: 'queued', code: 'stopped' },
    client: null,
    peerIdPrefix: null,
    receivedBytes: 0,
    transport: 'tcp',
    retryInMs: null,
  };
}
