/**
 * The race as the main thread sees it: hands addresses to shards, hears who unchokes first, keeps the winners where only
 * winners are wanted, and puts a lost shard's addresses back into play.
 */

import { believable, reachOf } from '../shared/address-rules.ts';
import { monotonicMs } from '../shared/clock.ts';
import type { HostPort } from '../shared/compact-peers.ts';
import type { PeerIndex, PieceIndex, ShardId } from '../shared/indices.ts';
import type {
  PeerAddress,
  PeerOutcome,
  ShardCommand,
  ShardEvent,
  ShardStats,
  ShardTorrent,
} from '../shared/messages.ts';
import type { PeerRate } from '../shared/peer-rate.ts';
import { FrontDoor } from './front-door.ts';
import { type KnownPeer, PEX, PeerList, PUBLIC_SOURCES, unheard } from './peer-list.ts';
import type { RaceListener, RaceOptions, Unchoke } from './race-options.ts';
import { ShardPool } from './shard-pool.ts';
import { shardOf, shardShare } from './sharding.ts';

/** The shard at whose door others knock: Node threads cannot share a listening socket before version 23. */
const LISTENING_SHARD = 0;

/** Addresses that go to the shards together. */
const ADDRESSES_AT_ONCE = 256;

export class Race {
  readonly peers: PeerList;
  readonly #options: RaceOptions;
  #listener: RaceListener;
  readonly #pool: ShardPool;
  readonly #door: FrontDoor;
  readonly #winners = new Set<PeerIndex>();
  #keeping = false;
  /** Nobody is taken in who was found in public (BEP 27). */
  #private = false;
  #startedAt: number | null = null;
  #firstUnchoke: Unchoke | null = null;
  #firstBlockAt: number | null = null;
  #stopped: Promise<void> | null = null;

  /** Starts the threads. Until `setTorrent` peers are raced, but nothing is asked of them. */
  constructor(options: RaceOptions, listener: RaceListener) {
    this.#options = options;
    this.#listener = listener;
    const { shards, limits, keep, blocklist, workerFile, onDhtNode, ...template } = options;
    this.peers = new PeerList(blocklist);
    this.#pool = new ShardPool({
      shards: options.shards,
      template,
      shareOf: (position) => shardShare(options.limits, position, options.shards),
      onEvent: (position, event) => this.#hear(position, event),
      onLost: (position, lost, error) => this.#replaced(position, lost, error),
      onHopeless: (error) => this.#listener.onBug(error),
      ...(options.workerFile === undefined ? {} : { workerFile: options.workerFile }),
    });
    this.#door = new FrontDoor(
      (command) => this.#pool.send(LISTENING_SHARD, command),
      () => this.peers.firstAccepted,
    );
  }

  /** When the first address went to a shard; null before that. */
  get startedAt(): number | null {
    return this.#startedAt;
  }

  get firstUnchoke(): Unchoke | null {
    return this.#firstUnchoke;
  }

  /** Milliseconds from the start to the first unchoke (TTFU). */
  get ttfuMs(): number | null {
    return this.#since(this.#firstUnchoke?.at ?? null);
  }

  get firstBlockMs(): number | null {
    return this.#since(this.#firstBlockAt);
  }

  get shardStats(): readonly (ShardStats | null)[] {
    return this.#pool.stats;
  }

  /** Who gives most at the moment, the fastest first. */
  get fastest(): readonly PeerRate[] {
    return this.#pool.fastest;
  }

  /** Brings addresses into play; known ones are passed over. Returns how many were new. */
  add(addresses: readonly HostPort[], source: string): number {
    if (this.#private && PUBLIC_SOURCES.has(source)) return 0;
    let count = 0;
    // In parts: the shards dial the first of them while the others are still looked at.
    for (let from = 0; from < addresses.length; from += ADDRESSES_AT_ONCE) {
      const added = this.peers.add(addresses.slice(from, from + ADDRESSES_AT_ONCE), source);
      if (added.length === 0) continue;
      this.#startedAt ??= monotonicMs();
      this.#deal(added);
      count += added.length;
    }
    return count;
  }

  /** Who hears from here on. */
  listen(listener: RaceListener): void {
    this.#listener = listener;
  }

  /** The torrent is known; once. */
  setTorrent(torrent: ShardTorrent): void {
    this.#pool.setTorrent(torrent);
  }

  /** Accepts connections. Resolves to the port; rejects with the system's word for why there is none. */
  openDoor(port: number, host: string | null): Promise<number> {
    return this.#door.open(port, host);
  }

  askMetadata(peer: PeerIndex, parts: readonly number[]): void {
    this.#tell(peer, { type: 'ask-metadata', peer, parts });
  }

  /** It sent bad metadata or a bad block: its address is not taken again. */
  convict(peer: PeerIndex): void {
    this.#banish(peer);
    this.#ban(peer);
  }

  /** The torrent is private (BEP 27): whoever was found otherwise than by its trackers or the user is let go. */
  becamePrivate(): void {
    this.#private = true;
    const byShard: PeerIndex[][] = Array.from({ length: this.#pool.size }, () => []);
    for (const known of this.peers.foundInPublic) byShard[this.#positionOf(known)]?.push(known.peer);
    for (const [position, peers] of byShard.entries())
      if (peers.length > 0) this.#pool.send(position, { type: 'banish', peers, code: 'private' });
  }

  /** Hash verdicts, for all shards. */
  tellVerdicts(verified: readonly PieceIndex[]): void {
    this.#pool.broadcast({ type: 'verdicts', verified });
  }

  /** Closes every peer; afterwards each address has an outcome. May be asked for more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#pool.stop();
    const now = monotonicMs();
    for (const known of this.peers.all) {
      if (this.peers.outcomeOf(known.peer) !== undefined) continue;
      const shard = this.#pool.idOf(this.#positionOf(known));
      this.peers.settle(unheard(known.peer, shard, 'queued', now));
    }
  }

  /** The whole address: whoever else is here from it goes, too. */
  #ban(peer: PeerIndex): void {
    if (!this.peers.ban(peer)) return;
    for (const other of this.peers.sharingHost(peer)) this.#banish(other);
    this.#listener.onBanned(peer);
  }

  #banish(peer: PeerIndex): void {
    this.#tell(peer, { type: 'banish', peers: [peer], code: 'bad-data' });
  }

  #tell(peer: PeerIndex, command: ShardCommand): void {
    this.#pool.send(this.#positionOf(this.peers.at(peer)), command);
  }

  #positionOf({ peer, host, port }: PeerAddress): number {
    return this.peers.isAccepted(peer) ? LISTENING_SHARD : shardOf(host, port, this.#pool.size);
  }

  #since(at: number | null): number | null {
    return at === null || this.#startedAt === null ? null : at - this.#startedAt;
  }

  #deal(peers: readonly KnownPeer[]): void {
    const byShard: KnownPeer[][] = Array.from({ length: this.#pool.size }, () => []);
    for (const peer of peers) byShard[shardOf(peer.host, peer.port, this.#pool.size)]?.push(peer);
    for (const [position, addresses] of byShard.entries()) {
      if (addresses.length === 0) continue;
      const plain = addresses.map(({ peer, host, port }) => ({ peer, host, port }));
      this.#pool.send(position, { type: 'addresses', addresses: plain });
    }
  }

  #hear(position: number, event: ShardEvent): void {
    switch (event.type) {
      case 'connected':
        this.#won(event.peer, 1);
        return;
      case 'unchoked':
        this.#unchoked(position, event.peer, event.at);
        return;
      case 'first-block':
        this.#firstBlockAt = Math.min(this.#firstBlockAt ?? Number.POSITIVE_INFINITY, event.at);
        return;
      case 'listening':
        this.#door.heard(event.port, event.error);
        return;
      case 'accepted':
        // Who comes by himself may be the first of all.
        this.#startedAt ??= monotonicMs();
        this.peers.accept(event.address);
        if (this.peers.isUnwelcome(event.address.host)) this.#banish(event.address.peer);
        return;
      case 'peers-told':
        this.#peersTold(event.peer, event.peers);
        return;
      case 'dht-node':
        if (!this.#private) this.#options.onDhtNode?.(this.peers.at(event.peer).host, event.port);
        return;
      case 'metadata-offer':
        this.#listener.onMetadataOffer(event.peer, event.bytes);
        return;
      case 'metadata-part':
        this.#listener.onMetadataPart(event.peer, event.part);
        return;
      case 'full':
        this.#listener.onFull(event.pieces);
        return;
      case 'closed':
        for (const outcome of event.outcomes) this.#closed(outcome);
        this.#listener.onClosed(event.outcomes);
        return;
      case 'stats':
      case 'fastest':
      case 'stopped':
        return;
    }
  }

  /** A peer named others (BEP 11). */
  #peersTold(peer: PeerIndex, peers: readonly HostPort[]): void {
    const reach = reachOf(this.peers.at(peer).host);
    if (reach !== null) this.add(believable(peers, reach), PEX);
  }

  #unchoked(shard: number, peer: PeerIndex, at: number): void {
    // Two shards may each have had a first one; the clock is the same for both, so the earlier counts.
    if (this.#firstUnchoke === null) {
      this.#firstUnchoke = { peer, shard, at };
      this.#listener.onFirstUnchoke(this.#firstUnchoke, this.ttfuMs ?? 0);
    } else if (at < this.#firstUnchoke.at) this.#firstUnchoke = { peer, shard, at };
    if (this.#options.keep > 0) this.#won(peer, this.#options.keep);
  }

  /** A winner; once there are `wanted` of them everybody else goes home. */
  #won(peer: PeerIndex, wanted: number): void {
    if (this.#keeping) return;
    this.#winners.add(peer);
    if (this.#winners.size < wanted) return;
    this.#keeping = true;
    this.#pool.broadcast({ type: 'keep', peers: [...this.#winners] });
  }

  #closed(outcome: PeerOutcome): void {
    this.peers.settle(outcome);
    if (!this.#winners.delete(outcome.peer) || !this.#keeping) return;
    // A winner is gone: the others get another chance, in a new race.
    this.#resume();
  }

  #resume(): void {
    this.#keeping = false;
    this.peers.reopenRaceLost();
    this.#pool.broadcast({ type: 'resume' });
  }

  /** A new thread has taken the place of a dead one: everybody of that shard who was not settled is tried again. */
  #replaced(position: number, lost: ShardId, error: unknown): void {
    const again: KnownPeer[] = [];
    for (const known of this.peers.all) {
      if (shardOf(known.host, known.port, this.#pool.size) !== position) continue;
      const outcome = this.peers.outcomeOf(known.peer);
      const waits =
        outcome === undefined || outcome.reason.code === 'race-lost' || this.peers.isRetrying(known.peer);
      if (waits) again.push(known);
      this.#winners.delete(known.peer);
    }
    if (position === LISTENING_SHARD) {
      this.peers.settleAccepted(lost, monotonicMs());
      this.#door.reopen();
    }
    this.#listener.onShardLost(lost, error);
    this.#deal(again);
    if (this.#keeping) this.#resume();
  }
}
