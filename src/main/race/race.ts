/**
 * The race in the main thread: sends addresses to shards, learns which peer unchokes first, keeps only the winners if the user
 * wants that, and tries the addresses of a lost shard again.
 */

import type { NamedPeer } from '../../shared/compact-peers.ts';
import type { HolepunchCommand } from '../../shared/holepunch.ts';
import type { PeerIndex, PieceIndex, ShardId, TorrentId } from '../../shared/indices.ts';
import { MAX_METADATA_LIARS_PER_HOST, SHARD_STOP_TIMEOUT_MS } from '../../shared/limits.ts';
import type {
  PeerOutcome,
  ShardStats,
  ShardTorrent,
  TorrentCommand,
  TorrentEntry,
  TorrentEvent,
} from '../../shared/messages.ts';
import type { PeerRate } from '../../shared/peer-rate.ts';
import { settledWithin } from '../../shared/settled-within.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { type MainWorld, SYSTEM_MAIN } from '../main-world.ts';
import type { ShardPool } from '../pools/shard-pool.ts';
import type { TorrentShards } from '../pools/torrent-shards.ts';
import { Dealer } from './dealer.ts';
import { FirstMoments } from './first-moments.ts';
import { Introductions } from './introductions.ts';
import { unheard } from './outcomes.ts';
import { PeerList } from './peer-list.ts';
import { LastTotals, type PhaseTotals } from './phase-totals.ts';
import type { RaceListener, RaceOptions } from './race-options.ts';
import { shareOf } from './sharding.ts';

export class Race {
  readonly peers: PeerList;
  readonly firsts = new FirstMoments();
  readonly #options: RaceOptions;
  readonly #world: MainWorld;
  readonly #listeners = new Set<Partial<RaceListener>>();
  readonly #shards: TorrentShards;
  readonly #dealer: Dealer;
  readonly #introductions: Introductions;
  readonly #winners = new Set<PeerIndex>();
  readonly #totals = new LastTotals();
  #maxPeers: number;
  #keeping = false;
  #stopped: Promise<void> | null = null;

  /** Enters the shards. Until `setTorrent`, peers are raced but not asked for data. */
  constructor(options: RaceOptions, pool: ShardPool, world: MainWorld = SYSTEM_MAIN) {
    this.#options = options;
    this.#world = world;
    this.#maxPeers = options.maxPeers;
    this.peers = new PeerList(options.blocklist, world.random);
    this.#shards = pool.enter({
      entryOf: (position) => this.#entryOf(position, pool.size),
      onEvent: (position, event) => this.#hear(position, event),
      onLost: (position, lost, error) => this.#replaced(position, lost, error),
      onHopeless: (error) => this.#tellListeners(({ onBug }) => onBug?.(error)),
    });
    this.#dealer = new Dealer(this.peers, pool.size, (position, command) => {
      if (command.type === 'addresses') this.firsts.started(this.#world.now());
      this.#shards.send(position, command);
    });
    const tell = (peer: PeerIndex, command: HolepunchCommand): void => this.tell(peer, command);
    this.#introductions = new Introductions(this.peers, this.#shards, tell, () => world.now());
  }

  #entryOf(position: number, shards: number): TorrentEntry {
    const { infoHash, infoHashV2 = null, peerId, strategy, chokedTimeoutMs } = this.#options;
    const { pex, dht, holepunch, reconnect, accepts, cluster = false } = this.#options;
    return {
      ...{ infoHash, infoHashV2, peerId, strategy, chokedTimeoutMs, pex, dht, holepunch, reconnect, accepts },
      cluster,
      workingPeers: shareOf(this.#maxPeers, position, shards),
      incoming: { first: this.peers.incoming.first(position, shards), step: shards },
    };
  }

  get torrent(): TorrentId {
    return this.#shards.id;
  }

  get shardStats(): readonly (ShardStats | null)[] {
    return this.#shards.stats;
  }

  /** Peers by phase, of all shards. */
  get totals(): PhaseTotals {
    return this.#totals.of(this.#shards.counts);
  }

  /** The fastest peers now, the fastest first. */
  get fastest(): readonly PeerRate[] {
    return this.#shards.fastest;
  }

  /** Adds addresses; lost ones that are named again are tried sooner. Returns how many were new. */
  add(addresses: readonly NamedPeer[], source: string, namer: string | null = null): number {
    return this.#dealer.add(addresses, source, namer);
  }

  /** Adds a listener. The returned function removes it. */
  subscribe(listener: Partial<RaceListener>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Peers to download from at one time; 0 is no limit. */
  share(maxPeers: number): void {
    if (maxPeers === this.#maxPeers) return;
    this.#maxPeers = maxPeers;
    for (let position = 0; position < this.#shards.size; position++)
      this.#shards.send(position, {
        type: 'share',
        workingPeers: shareOf(maxPeers, position, this.#shards.size),
      });
  }

  /** The torrent is known. Called once. */
  setTorrent(content: ShardTorrent): void {
    this.#shards.begin(content);
  }

  /** To the shard that has the peer. */
  tell(peer: PeerIndex, command: TorrentCommand): void {
    if (this.peers.knows(peer)) this.#shards.send(this.#dealer.positionOf(this.peers.at(peer)), command);
  }

  /** It sent a bad block: its address is banned. */
  convict(peer: PeerIndex): void {
    this.#banish(peer);
    this.#ban(peer);
  }

  /** It sent metadata or hashes of trees that their hash disproves. Other peers at its address may be honest, up to a limit. */
  convictOfLie(peer: PeerIndex): void {
    if (this.peers.shunned(peer) >= MAX_METADATA_LIARS_PER_HOST) this.#ban(peer);
    this.#banish(peer);
  }

  /** The torrent is private (BEP 27): peers that were not named by its trackers or the user are closed. */
  becamePrivate(): void {
    this.#dealer.banish(this.peers.becamePrivate(), 'private');
  }

  /** Sends verdicts to all shards. */
  tellVerdicts(verified: readonly PieceIndex[], withheld: readonly PieceIndex[]): void {
    this.#shards.broadcast({ type: 'verdicts', verified, withheld });
  }

  /** The download is complete: nothing more is requested. `files`: their names from now on. */
  seed(files: readonly StoredFile[]): void {
    this.#shards.seed(files);
  }

  /** These peers may request blocks from now on; these may no longer. */
  choose(unchoke: readonly PeerIndex[], choke: readonly PeerIndex[]): void {
    this.#dealer.choose(unchoke, choke);
  }

  /** Closes every peer; then each address has an outcome. May be called more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await settledWithin(this.#shards.leave(), SHARD_STOP_TIMEOUT_MS, this.#world.later);
    this.#shards.forget();
    const now = this.#world.now();
    for (const known of this.peers.all) {
      if (this.peers.outcomeOf(known.peer) !== undefined) continue;
      const shard = this.#shards.idOf(this.#dealer.positionOf(known));
      this.peers.settle(unheard(known.peer, shard, 'queued', now));
    }
  }

  /** The whole address: other peers at it are closed as well. */
  #ban(peer: PeerIndex): void {
    if (!this.peers.ban(peer)) return;
    for (const other of this.peers.sharingHost(peer)) this.#banish(other);
    this.#tellListeners(({ onBanned }) => onBanned?.(peer));
  }

  #banish(peer: PeerIndex): void {
    this.tell(peer, { type: 'banish', peers: [peer], code: 'bad-data' });
  }

  #tellListeners(tell: (listener: Partial<RaceListener>) => void): void {
    for (const listener of this.#listeners) tell(listener);
  }

  #hear(position: number, event: TorrentEvent): void {
    switch (event.type) {
      case 'connected':
        this.#won(event.peer, 1);
        return;
      case 'unchoked':
        this.#unchoked(position, event.peer, event.at);
        return;
      case 'first-block':
        this.firsts.gotBlock(event.at);
        return;
      case 'accepted':
        // An incoming peer may be the first peer of all.
        this.firsts.started(this.#world.now());
        this.peers.accept(event.address, this.#introductions.accepted(event.address, event.punched));
        this.#tellListeners(({ onAccepted }) => onAccepted?.(event.address.peer));
        if (this.peers.isUnwelcome(event.address.host)) this.#banish(event.address.peer);
        return;
      case 'peers-told':
        this.#introductions.told(event.peer, this.#dealer.told(event.peer, event.peers));
        return;
      case 'dht-node':
        // With a private torrent there is no listener any more.
        this.#options.onDhtNode?.(this.peers.at(event.peer).host, event.port);
        return;
      case 'metadata-offer':
        this.#tellListeners((listener) => listener.onMetadataOffer?.(event.peer, event.bytes));
        return;
      case 'metadata-part':
        this.#tellListeners((listener) => listener.onMetadataPart?.(event.peer, event.part));
        return;
      case 'may-be-node':
      case 'node-says':
      case 'node-has':
        return this.#tellListeners((listener) => listener.onClusterEvent?.(event));
      case 'has-hashes':
      case 'hash-request':
      case 'hashes':
        return this.#tellListeners((listener) => listener.onHashEvent?.(event));
      case 'full':
        this.#tellListeners((listener) => listener.onFull?.(event.pieces));
        return;
      case 'closed':
        for (const outcome of event.outcomes) this.#closed(outcome);
        this.#tellListeners((listener) => listener.onClosed?.(event.outcomes));
        return;
      case 'forgotten':
        this.#dealer.forgotten(event.peers, event.kept);
        return;
      case 'contenders':
        this.#tellListeners((listener) => listener.onContenders?.(event.peers));
        return;
      case 'read-failed':
        this.#tellListeners((listener) => listener.onReadFailed?.(event.code, event.path));
        return;
      case 'stats':
      case 'fastest':
      case 'left':
        return;
      default:
        this.#introductions.hear(position, event);
    }
  }

  #unchoked(shard: number, peer: PeerIndex, at: number): void {
    this.peers.keep(peer);
    this.#tellListeners(({ onUnchoked }) => onUnchoked?.(peer));
    const isFirst = this.firsts.unchoked(shard, peer, at);
    const first = this.firsts.unchoke;
    if (first === null) return;
    if (isFirst)
      this.#tellListeners(({ onFirstUnchoke }) => onFirstUnchoke?.(first, this.firsts.ttfuMs ?? 0));
    this.peers.hold(first.peer);
    if (this.#options.keep > 0) this.#won(peer, this.#options.keep);
  }

  /** A winner. Once there are `wanted` winners, all other peers are closed. */
  #won(peer: PeerIndex, wanted: number): void {
    if (this.#keeping) return;
    this.#winners.add(peer);
    if (this.#winners.size < wanted) return;
    this.#keeping = true;
    this.#shards.broadcast({ type: 'keep', peers: [...this.#winners] });
  }

  #closed(outcome: PeerOutcome): void {
    this.peers.settle(outcome);
    this.#introductions.closed(outcome);
    // A winner is gone: the others race again.
    if (this.#winners.delete(outcome.peer) && this.#keeping) this.#resume();
  }

  #resume(): void {
    this.#keeping = false;
    this.peers.resumeRace();
    this.#shards.broadcast({ type: 'resume' });
  }

  /** A new thread has replaced a dead one: all unsettled peers of that shard are tried again. */
  #replaced(position: number, lost: ShardId, error: unknown): void {
    const isLost = (peer: PeerIndex): boolean =>
      !this.peers.knows(peer) || this.#dealer.positionOf(this.peers.at(peer)) === position;
    for (const peer of [...this.#winners]) if (isLost(peer)) this.#winners.delete(peer);
    this.#tellListeners((listener) => listener.onPeersLost?.(isLost));
    this.peers.settleAccepted({ position, shards: this.#shards.size }, lost, this.#world.now());
    this.#tellListeners(({ onShardLost }) => onShardLost?.(lost, error));
    this.#dealer.replaced(position, lost, this.#world.now());
    this.#introductions.replaced(position);
    if (this.#keeping) this.#resume();
  }
}
