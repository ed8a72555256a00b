/**
 * The race in the main thread: sends addresses to shards, learns which peer unchokes first, keeps only the winners if the user
 * wants that, and tries the addresses of a lost shard again.
 */
import { believable, reachOf } from '../../shared/address-rules.ts';
import { monotonicMs } from '../../shared/clock.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { PeerIndex, PieceIndex, ShardId } from '../../shared/indices.ts';
import { MAX_METADATA_LIARS_PER_HOST } from '../../shared/limits.ts';
import type {
  PeerOutcome,
  ShardCommand,
  ShardEvent,
  ShardStats,
  ShardTorrent,
} from '../../shared/messages.ts';
import type { PeerRate } from '../../shared/peer-rate.ts';
import { PEX } from '../discovery/peer-source.ts';
import { ShardPool } from '../pools/shard-pool.ts';
import { Dealer, LISTENING_SHARD } from './dealer.ts';
import { ListeningPort } from './listening-port.ts';
import { unheard } from './outcomes.ts';
import { PeerList } from './peer-list.ts';
import type { RaceListener, RaceOptions, Unchoke } from './race-options.ts';
import { shardShare } from './sharding.ts';

export class Race {
  readonly peers: PeerList;
  readonly #options: RaceOptions;
  #listener: RaceListener;
  readonly #pool: ShardPool;
  readonly #dealer: Dealer;
  readonly #listeningPort: ListeningPort;
  readonly #winners = new Set<PeerIndex>();
  #keeping = false;
  #startedAt: number | null = null;
  #firstUnchoke: Unchoke | null = null;
  #firstBlockAt: number | null = null;
  #stopped: Promise<void> | null = null;

  /** Starts the threads. Until `setTorrent`, peers are raced but not asked for data. */
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
    this.#dealer = new Dealer(this.peers, options.shards, (position, command) => {
      if (command.type === 'addresses') this.#startedAt ??= monotonicMs();
      this.#pool.send(position, command);
    });
    this.#listeningPort = new ListeningPort(
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

  /** The fastest peers now, the fastest first. */
  get fastest(): readonly PeerRate[] {
    return this.#pool.fastest;
  }

  /** Adds addresses; lost ones that are named again are tried sooner. Returns how many were new. */
  add(addresses: readonly HostPort[], source: string, namer: string | null = null): number {
    return this.#dealer.add(addresses, source, namer);
  }

  /** The network of this machine is back: lost peers are dialled again as if they had just been lost. */
  networkBack(): void {
    this.#pool.broadcast({ type: 'network-back' });
  }

  /** Replaces the listener. */
  listen(listener: RaceListener): void {
    this.#listener = listener;
  }

  /** The torrent is known. Called once. */
  setTorrent(torrent: ShardTorrent): void {
    this.#pool.setTorrent(torrent);
  }

  /** Accepts connections. Resolves to the port; rejects with the system's error. */
  listenAt(port: number, host: string | null): Promise<number> {
    return this.#listeningPort.open(port, host);
  }

  askMetadata(peer: PeerIndex, parts: readonly number[]): void {
    this.#tell(peer, { type: 'ask-metadata', peer, parts });
  }

  /** It sent a bad block: its address is banned. */
  convict(peer: PeerIndex): void {
    this.#banish(peer);
    this.#ban(peer);
  }

  /** It sent bad metadata. Other peers at its address may be honest, up to a limit. */
  convictOfMetadata(peer: PeerIndex): void {
    if (this.peers.shunned(peer) >= MAX_METADATA_LIARS_PER_HOST) this.#ban(peer);
    this.#banish(peer);
  }

  /** The torrent is private (BEP 27): peers that were not named by its trackers or the user are closed. */
  becamePrivate(): void {
    this.#dealer.banish(this.peers.becamePrivate(), 'private');
  }

  /** Sends verdicts to all shards. */
  tellVerdicts(verified: readonly PieceIndex[]): void {
    this.#pool.broadcast({ type: 'verdicts', verified });
  }

  /** Closes every peer; then each address has an outcome. May be called more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#pool.stop();
    const now = monotonicMs();
    for (const known of this.peers.all) {
      if (this.peers.outcomeOf(known.peer) !== undefined) continue;
      const shard = this.#pool.idOf(this.#dealer.positionOf(known));
      this.peers.settle(unheard(known.peer, shard, 'queued', now));
    }
  }

  /** The whole address: other peers at it are closed as well. */
  #ban(peer: PeerIndex): void {
    if (!this.peers.ban(peer)) return;
    for (const other of this.peers.sharingHost(peer)) this.#banish(other);
    this.#listener.onBanned(peer);
  }

  #banish(peer: PeerIndex): void {
    this.#tell(peer, { type: 'banish', peers: [peer], code: 'bad-data' });
  }

  #tell(peer: PeerIndex, command: ShardCommand): void {
    if (this.peers.knows(peer)) this.#pool.send(this.#dealer.positionOf(this.peers.at(peer)), command);
  }

  #since(at: number | null): number | null {
    // An incoming peer may unchoke us before main has heard of it.
    return at === null || this.#startedAt === null ? null : Math.max(0, at - this.#startedAt);
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
        this.#listeningPort.heard(event.port, event.error);
        return;
      case 'accepted':
        // An incoming peer may be the first peer of all.
        this.#startedAt ??= monotonicMs();
        this.peers.accept(event.address);
        if (this.peers.isUnwelcome(event.address.host)) this.#banish(event.address.peer);
        return;
      case 'peers-told':
        this.#peersTold(event.peer, event.peers);
        return;
      case 'dht-node':
        // With a private torrent there is no listener any more.
        this.#options.onDhtNode?.(this.peers.at(event.peer).host, event.port);
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
      case 'forgotten':
        this.#dealer.forgotten(event.peers, event.kept);
        return;
      case 'stats':
      case 'fastest':
      case 'stopped':
        return;
    }
  }

  /** A peer named other peers (BEP 11). */
  #peersTold(peer: PeerIndex, peers: readonly HostPort[]): void {
    const { host } = this.peers.at(peer);
    const reach = reachOf(host);
    if (reach !== null) this.add(believable(peers, reach), PEX, host);
  }

  #unchoked(shard: number, peer: PeerIndex, at: number): void {
    this.peers.keep(peer);
    // Two shards may each have had a first unchoke. They share one clock, so the earlier one counts.
    if (this.#firstUnchoke === null) {
      this.#firstUnchoke = { peer, shard, at };
      this.#listener.onFirstUnchoke(this.#firstUnchoke, this.ttfuMs ?? 0);
    } else if (at < this.#firstUnchoke.at) this.#firstUnchoke = { peer, shard, at };
    this.peers.hold(this.#firstUnchoke.peer);
    if (this.#options.keep > 0) this.#won(peer, this.#options.keep);
  }

  /** A winner. Once there are `wanted` winners, all other peers are closed. */
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
    // A winner is gone: the others race again.
    this.#resume();
  }

  #resume(): void {
    this.#keeping = false;
    this.peers.resumeRace();
    this.#pool.broadcast({ type: 'resume' });
  }

  /** A new thread has replaced a dead one: all unsettled peers of that shard are tried again. */
  #replaced(position: number, lost: ShardId, error: unknown): void {
    for (const peer of [...this.#winners])
      if (this.#dealer.positionOf(this.peers.at(peer)) === position) this.#winners.delete(peer);
    if (position === LISTENING_SHARD) {
      this.peers.settleAccepted(lost, monotonicMs());
      this.#listeningPort.listenAgain();
    }
    this.#listener.onShardLost(lost, error);
    this.#dealer.replaced(position, lost, monotonicMs());
    if (this.#keeping) this.#resume();
  }
}
