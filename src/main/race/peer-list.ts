/** Every known address, once, and its outcome. Its number is the peer's index everywhere. */
import { addressKey, type HostPort, type NamedPeer } from '../../shared/compact-peers.ts';
import { type PeerIndex, peerIndex, type ShardId } from '../../shared/indices.ts';
import { canonicalHost } from '../../shared/ip-address.ts';
import { MAX_REMEMBERED_INCOMING } from '../../shared/limits.ts';
import type { PeerAddress, PeerOutcome } from '../../shared/messages.ts';
import { HOLEPUNCH, INCOMING, PUBLIC_SOURCES, USER } from '../discovery/peer-source.ts';
import type { Blocklist } from './blocklist.ts';
import { acceptedBy, FIRST_INCOMING, IncomingNumbers } from './incoming-numbers.ts';
import { namerGroup } from './namer-group.ts';
import { Outcomes, unheard } from './outcomes.ts';
import { PeerRoom } from './peer-room.ts';

export interface KnownPeer extends PeerAddress {
  /** Its source: a tracker, the user, a file. */
  readonly source: string;
}

export class PeerList {
  readonly #peers = new Map<PeerIndex, KnownPeer>();
  #nextIndex = 0;
  readonly #room: PeerRoom;
  readonly #byAddress = new Map<string, PeerIndex>();
  readonly #outcomes = new Outcomes();
  readonly #banned = new Set<string>();
  /** Peers that are given up although their addresses are not banned. */
  readonly #shunned = new Set<PeerIndex>();
  readonly #blocklist: Blocklist | null;
  /** Named by no tracker and not by the user. */
  readonly #foundInPublic = new Set<PeerIndex>();
  /** Peers from public sources are not accepted (BEP 27). */
  #private = false;
  #refused = 0;
  #blocked = 0;
  /** Incoming peers. They are on no list, so their indices are above all others. */
  readonly #accepted = new Map<PeerIndex, KnownPeer>();
  readonly incoming = new IncomingNumbers();
  /** Incoming peers that left and gave nothing, the oldest first. */
  readonly #idleIncoming = new Set<PeerIndex>();
  /** Peers that the race needs until its end. */
  readonly #held = new Set<PeerIndex>();

  get size(): number {
    return this.#peers.size;
  }

  /** `blocklist`: addresses that the user blocked. */
  constructor(blocklist: Blocklist | null = null, random: () => number = Math.random) {
    this.#room = new PeerRoom(USER, random);
    this.#blocklist = blocklist;
  }

  /** Addresses that were beyond a limit, or made room for others. */
  get refused(): number {
    return this.#refused;
  }

  /** Addresses on the user's blocklist. */
  get blocked(): number {
    return this.#blocked;
  }

  /** On the user's blocklist, or banned for bad data. */
  isUnwelcome(host: string): boolean {
    return this.#blocklist?.blocks(host) === true || this.#banned.has(host);
  }

  /** Adds new addresses that `namer` (host of a peer or node) named. Returns those to dial: the new ones, and those allowed again. */
  add(addresses: readonly NamedPeer[], source: string, namer: string | null = null): KnownPeer[] {
    const group = namerGroup(source, namer);
    const isPublic = PUBLIC_SOURCES.has(source);
    if (this.#private && isPublic) return [];
    const dealt: KnownPeer[] = [];
    for (const { host: written, port, punchable = false, version2 = false, eager = false } of addresses) {
      const host = canonicalHost(written);
      const known = this.#byAddress.get(addressKey(host, port));
      if (this.#banned.has(host)) continue;
      if (known !== undefined) {
        const again = this.#nameAgain(known, source);
        if (again !== null) dealt.push(again);
      } else if (this.#blocklist?.blocks(host) === true) this.#blocked += 1;
      else if (!this.#makeRoom(host, source)) this.#refused += 1;
      else dealt.push(this.#enter({ host, port, source, group, punchable, version2, eager }));
    }
    return dealt;
  }

  #enter(named: Omit<KnownPeer, 'peer'> & { readonly group: number }): KnownPeer {
    const { host, port, source, group } = named;
    const news: KnownPeer = { peer: peerIndex(this.#nextIndex++), ...named };
    this.#peers.set(news.peer, news);
    this.#byAddress.set(addressKey(host, port), news.peer);
    this.#room.enter(news.peer, host, source, group);
    if (PUBLIC_SOURCES.has(source)) this.#foundInPublic.add(news.peer);
    return news;
  }

  /** Returns the peer if it was closed because of its public source and now has a better one. */
  #nameAgain(peer: PeerIndex, source: string): KnownPeer | null {
    this.#outcomes.name(peer);
    if (PUBLIC_SOURCES.has(source) || !this.#foundInPublic.delete(peer) || !this.#private) return null;
    const known = { ...this.at(peer), source };
    this.#peers.set(peer, known);
    this.#outcomes.reopen(peer);
    return known;
  }

  /** Lost peers that a source named again: their shards must know. */
  takeNamed(): KnownPeer[] {
    return this.#outcomes.takeNamed().map((peer) => this.at(peer));
  }

  /** `punched`: both sides dialled (BEP 55). */
  accept(address: PeerAddress, punched = false): void {
    this.#accepted.set(address.peer, { ...address, source: punched ? HOLEPUNCH : INCOMING });
    if (punched) this.#foundInPublic.add(address.peer);
    this.incoming.taken(address.peer);
  }

  isAccepted(peer: PeerIndex): boolean {
    return this.#accepted.has(peer);
  }

  /** Peers that a source named, and those that have connected to us. */
  get knownCount(): number {
    return this.size + this.#accepted.size;
  }

  /** The shard at `position` died, and the connections that it had accepted with it. */
  settleAccepted(
    { position, shards }: { position: number; shards: number },
    shard: ShardId,
    now: number,
  ): void {
    for (const peer of this.#accepted.keys())
      if (acceptedBy(peer, shards) === position && this.outcomeOf(peer) === undefined)
        this.settle(unheard(peer, shard, 'handshaking', now));
  }

  /** All other peers with this peer's address, incoming ones included. */
  sharingHost(peer: PeerIndex): PeerIndex[] {
    const { host } = this.at(peer);
    return [...this.#peers.values(), ...this.#accepted.values()]
      .filter((known) => known.host === host && known.peer !== peer)
      .map((known) => known.peer);
  }

  at(peer: PeerIndex): KnownPeer {
    const known = this.#peers.get(peer) ?? this.#accepted.get(peer);
    if (known === undefined) throw new RangeError(`no peer ${peer}`);
    return known;
  }

  /** `host:port`, with brackets around IPv6. */
  nameOf(peer: PeerIndex): string {
    const { host, port } = this.at(peer);
    return addressKey(host, port);
  }

  /** A peer that sent bad data: its whole address is banned, with all ports. True if it was not banned before. */
  ban(peer: PeerIndex): boolean {
    if (!this.knows(peer)) return false;
    const { host } = this.at(peer);
    const isNew = !this.#banned.has(host);
    this.#banned.add(host);
    this.#outcomes.giveUp(peer);
    return isNew;
  }

  /** The peer is not dialled again. Returns how many peers of its address were shunned. */
  shunned(peer: PeerIndex): number {
    if (!this.knows(peer)) return 0;
    this.#outcomes.giveUp(peer);
    this.#shunned.add(peer);
    const { host } = this.at(peer);
    return [...this.#shunned].filter((one) => this.knows(one) && this.at(one).host === host).length;
  }

  /** Records the outcome of a peer. A peer that was tried several times keeps the best of its tries. */
  settle(outcome: PeerOutcome): void {
    const { timeline, receivedBytes } = this.#outcomes.settle(outcome);
    this.#room.grade(outcome.peer, timeline.handshaken === null && receivedBytes === 0 ? 'dead' : 'kept');
    this.#forgetIncoming(outcome);
  }

  /** Incoming peers that give nothing and leave must not fill the memory: only the newest are remembered. */
  #forgetIncoming({ peer, receivedBytes }: PeerOutcome): void {
    if (receivedBytes > 0 || !this.#accepted.has(peer)) return;
    this.#idleIncoming.add(peer);
    for (const oldest of this.#idleIncoming) {
      if (this.#idleIncoming.size <= MAX_REMEMBERED_INCOMING) return;
      this.#idleIncoming.delete(oldest);
      if (this.#held.has(oldest)) continue;
      this.#accepted.delete(oldest);
      this.#foundInPublic.delete(oldest);
      this.#outcomes.reopen(oldest);
    }
  }

  /** The race will need this peer again, whatever its outcome. */
  hold(peer: PeerIndex): void {
    this.#held.add(peer);
  }

  /** False for an incoming peer that was forgotten. */
  knows(peer: PeerIndex): boolean {
    return this.#peers.has(peer) || this.#accepted.has(peer);
  }

  outcomeOf(peer: PeerIndex): PeerOutcome | undefined {
    return this.#outcomes.of(peer);
  }

  /** Our last dial of this address had no answer, or one that no peer gives. */
  missed({ host, port }: HostPort): boolean {
    const peer = this.#byAddress.get(addressKey(host, port));
    return peer !== undefined && this.outcomeOf(peer)?.reason.stage === 'dialing';
  }

  /** Lost for now; its shard dials it again. */
  isRetrying(peer: PeerIndex): boolean {
    return this.#outcomes.isRetrying(peer);
  }

  /** True if every address and every incoming peer is settled, and no peer is worth waiting for. */
  get allSettled(): boolean {
    return this.#isHeardOfAll && this.#outcomes.hopes === 0;
  }

  /** All are lost, and some will be dialled again. */
  get allLost(): boolean {
    return this.#isHeardOfAll && this.#outcomes.hopes > 0;
  }

  get #isHeardOfAll(): boolean {
    return this.#outcomes.size === this.#peers.size + this.#accepted.size;
  }

  /** Peers that only lost the race are in play again. */
  resumeRace(): void {
    this.#outcomes.resumeRace();
  }

  #makeRoom(host: string, source: string): boolean {
    return this.#nextIndex < FIRST_INCOMING && this.#room.makeRoom(host, source);
  }

  /** Those that make room and whose shards have not been asked yet. */
  takeLeaving(): KnownPeer[] {
    return this.#room.takeLeaving().map((peer) => this.at(peer));
  }

  isLeaving(peer: PeerIndex): boolean {
    return this.#room.isLeaving(peer);
  }

  /** It still makes room: nothing that it did since then counts. */
  mayForget(peer: PeerIndex): boolean {
    const shaken = this.outcomeOf(peer)?.timeline.handshaken ?? null;
    return this.isLeaving(peer) && shaken === null && !this.#held.has(peer);
  }

  /** Its shard has forgotten it, and no message of the shard will name it. */
  forget(peer: PeerIndex): void {
    const { host, port } = this.at(peer);
    this.#room.left(peer);
    this.#peers.delete(peer);
    this.#byAddress.delete(addressKey(host, port));
    this.#foundInPublic.delete(peer);
    this.#outcomes.reopen(peer);
    this.#refused += 1;
  }

  /** Its shard has it in play, so it does not make room. */
  keep(peer: PeerIndex): void {
    this.#room.keep(peer);
  }

  get outcomes(): Iterable<PeerOutcome> {
    return this.#outcomes.all;
  }

  /** The torrent is private from now on (BEP 27): peers from public sources are not accepted. Returns those that must leave. */
  becamePrivate(): KnownPeer[] {
    this.#private = true;
    return [...this.#foundInPublic].map((peer) => this.at(peer));
  }

  /** The reason why a peer must not be dialled; null if it may. */
  barOf({ peer, host }: PeerAddress): 'bad-data' | 'private' | null {
    if (this.isUnwelcome(host)) return 'bad-data';
    return this.#private && this.#foundInPublic.has(peer) ? 'private' : null;
  }

  get all(): readonly KnownPeer[] {
    return [...this.#peers.values()];
  }
}
