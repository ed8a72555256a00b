/**
 * A peer shard: one thread with its sockets, its dial rate and its tick, and the torrents on it. Time and network come from
 * outside.
 */
import { reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { TorrentId } from '../../shared/indices.ts';
import type {
  Encryption,
  ShardCommand,
  ShardTask,
  TorrentCommand,
  TransportKind,
} from '../../shared/messages.ts';
import { RateBucket } from '../../shared/rate-bucket.ts';
import { Acceptor, type AcceptorHost } from '../dialling/acceptor.ts';
import { DialTurns, type SharedDials } from '../dialling/dial-turns.ts';
import { DialWindow } from '../dialling/dial-window.ts';
import { Families } from '../dialling/families.ts';
import { TorrentDirectory } from '../dialling/torrent-directory.ts';
import { EarlyBudget } from '../peer/early-pieces.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import { RequestPace } from '../requests/request-pace.ts';
import type { Listening } from '../transport/transport.ts';
import { ShardUploads } from '../uploads/shard-uploads.ts';
import { PhaseCounts } from './phase-counts.ts';
import type { ShardThread } from './shard-thread.ts';
import type { ShardWorld } from './shard-world.ts';
import { TickSlices } from './tick-slices.ts';
import { TorrentPeers } from './torrent-peers.ts';

export class Shard implements ShardThread, SharedDials, AcceptorHost {
  readonly task: ShardTask<unknown>;
  readonly world: ShardWorld;
  readonly turns: DialTurns;
  readonly earlyBudget = new EarlyBudget();
  readonly counts = new PhaseCounts();
  readonly torrents = new TorrentDirectory<TorrentPeers>();
  readonly slices: TickSlices;
  readonly uploads: ShardUploads;
  readonly pace: RequestPace;
  listeningPort: number | null = null;
  routerPort: number | null = null;
  #isOpen = false;
  /** Peers connected to us over TCP. */
  #isReached = false;
  readonly #byId = new Map<TorrentId, TorrentPeers>();
  /** Those with something to do at a tick. A thousand idle torrents cost nothing. */
  readonly #awake = new Set<TorrentPeers>();
  #acceptor: Acceptor | null = null;
  #peers = 0;
  /** Main knows the load, and that nothing changes it. */
  #isIdleTold = false;
  #stopping = false;
  #stopped = false;

  constructor(task: ShardTask<unknown>, world: ShardWorld) {
    this.task = task;
    this.world = world;
    const shared = (): number => world.shared(world.clock());
    const { uploadRate, downloadRate } = task;
    this.uploads = new ShardUploads(world, uploadRate);
    const bucket = downloadRate === null ? null : new RateBucket(downloadRate);
    this.pace = new RequestPace(bucket, shared, (ms, work) => world.later(ms, () => this.guard(work)));
    this.slices = new TickSlices(world.soon, (work) => this.guard(work));
    const families = task.proxy === null ? new Families(task.localAddress, world.ownAddresses) : null;
    this.turns = new DialTurns(new DialWindow(task.share, world.clock()), families, this, world);
  }

  command(command: ShardCommand): void {
    if ('torrent' in command) return this.#torrentCommand(command.torrent, command);
    switch (command.type) {
      case 'listen':
        this.#acceptor = new Acceptor(command, this.world.transport, this);
        return;
      case 'listeners':
        this.#acceptor?.share(command.count);
        return;
      case 'reachable':
        this.listeningPort = command.port;
        this.routerPort = command.routerPort;
        this.#isOpen = command.isOpen;
        return;
      case 'network-back':
        this.turns.families?.reopen();
        this.#isReached = false;
        for (const torrent of this.#byId.values()) torrent.dialler.networkBack();
        return;
      case 'stop':
        this.#stop();
        return;
    }
  }

  /** No torrent has anything to do before a command or a peer comes. */
  get isIdle(): boolean {
    return this.#awake.size === 0 && this.open === 0;
  }

  tick(): void {
    if (this.#stopped) return;
    const now = this.world.clock();
    this.#acceptor?.tick(now);
    const opened = this.turns.families?.tick(now) ?? null;
    this.turns.tick();
    this.slices.begin();
    for (const torrent of this.#awake) {
      if (opened !== null) torrent.dialler.familyOpened(opened);
      torrent.tick(now);
      if (torrent.isIdle) this.#awake.delete(torrent);
    }
    if (!this.isIdle || !this.#isIdleTold) this.#postLoad();
    this.#isIdleTold = this.isIdle;
  }

  // --- ShardThread and SharedDials

  get isOpen(): boolean {
    return this.#isOpen || this.#isReached;
  }

  named(torrent: TorrentPeers): void {
    this.torrents.add(torrent);
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  guard(work: () => void): void {
    if (this.#stopped) return;
    try {
      work();
    } catch (error) {
      this.#stopped = true;
      this.world.fail(error);
    }
  }

  get dialing(): number {
    return this.counts.of('dialing');
  }

  get open(): number {
    return this.#peers + (this.#acceptor?.arriving ?? 0);
  }

  opened(change: 1 | -1): void {
    this.#peers += change;
    if (change === -1) this.freed();
  }

  wake(torrent: TorrentPeers): void {
    this.#awake.add(torrent);
  }

  isIncoming(peer: PeerDriver): boolean {
    return this.#acceptor?.has(peer) ?? false;
  }

  peerLeft(peer: PeerDriver): boolean {
    return this.#acceptor?.left(peer) ?? false;
  }

  /** A hole in a router is for one peer and uTP: where TCP comes from outside, anybody can dial us. */
  reachedBy({ host }: HostPort, over: TransportKind): void {
    if (!over.startsWith('utp') && reachOf(host) === 'public') this.#isReached = true;
  }

  // --- AcceptorHost

  get clock(): ShardWorld['clock'] {
    return this.world.clock;
  }

  get encryption(): Encryption {
    return this.task.encryption;
  }

  get hasRoom(): boolean {
    return this.open < this.task.share.openPeers;
  }

  freed(): void {
    this.turns.freed();
  }

  onListening({ port, error }: Listening): void {
    this.guard(() => this.world.post({ type: 'listening', port, error }));
  }

  #torrentCommand(id: TorrentId, command: TorrentCommand): void {
    if (command.type === 'enter') {
      const torrent = new TorrentPeers(id, command.entry, this);
      this.#byId.set(id, torrent);
      this.torrents.add(torrent);
      return;
    }
    const torrent = this.#byId.get(id);
    // What main said before it heard that a torrent had left.
    if (torrent === undefined) return;
    if (command.type !== 'leave') return torrent.command(command);
    this.#leave(id, torrent);
  }

  #leave(id: TorrentId, torrent: TorrentPeers): void {
    this.torrents.delete(torrent);
    this.#byId.delete(id);
    this.#awake.delete(torrent);
    torrent.leave();
  }

  #postLoad(): void {
    this.world.post({
      type: 'load',
      load: { shortages: this.turns.window.shortages, ...this.world.load() },
    });
  }

  #stop(): void {
    this.#stopping = true;
    this.#acceptor?.close();
    for (const [id, torrent] of [...this.#byId]) this.#leave(id, torrent);
    this.world.transport.close();
    this.#postLoad();
    this.#stopped = true;
    this.world.post({ type: 'stopped' });
  }
}
