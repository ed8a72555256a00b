/**
 * A peer shard: the addresses that fell to this thread, every one of them in play at once, and what they download.
 * It learns time, network and turns from outside, so that a test can run it through minutes in no time.
 */
import type { Clock } from '../shared/clock.ts';
import type { PeerIndex, PieceIndex } from '../shared/indices.ts';
import {
  SEQUENTIAL_EXCHANGE_MS,
  STATS_INTERVAL_MS,
  TICK_MS,
  TICK_SLICE_PEERS,
  TURNOVER_INTERVAL_MS,
} from '../shared/limits.ts';
import type { ShardCommand, ShardStats, ShardTask } from '../shared/messages.ts';
import { AddressBook } from './address-book.ts';
import { DialWindow } from './dial-window.ts';
import { Outbox } from './outbox.ts';
import { PeerDriver } from './peer/peer-driver.ts';
import type { PeerHost } from './peer/peer-host.ts';
import type { PeerState } from './peer/peer-state.ts';
import type { Transport } from './peer/transport.ts';
import { PhaseCounts } from './phase-counts.ts';
import { FirstBlockProbe } from './requests/first-block-probe.ts';
import type { Requester } from './requests/requester.ts';
import { ShardDownload } from './requests/shard-download.ts';
import type { ShardWorld } from './shard-world.ts';
import { slowest } from './turnover.ts';

export class Shard implements PeerHost {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly readBuffer: Buffer;
  readonly requester: Requester;
  readonly identity: ShardTask<unknown>;
  readonly pieceCount: number;
  deadlines: PeerHost['deadlines'];
  readonly #task: ShardTask<unknown>;
  readonly #world: ShardWorld;
  readonly #outbox: Outbox;
  readonly #dials: DialWindow;
  readonly #counts = new PhaseCounts();
  readonly #download: ShardDownload | null;
  readonly #addresses = new AddressBook();
  /** Everybody who is not closed. */
  readonly #peers = new Map<PeerIndex, PeerDriver>();
  #kept: ReadonlySet<PeerIndex> | null = null;
  #pumpScheduled = false;
  #turnoverAt = 0;
  #stopped = false;
  #statsAt = Number.NEGATIVE_INFINITY;

  constructor(task: ShardTask<unknown>, world: ShardWorld) {
    this.#task = task;
    this.#world = world;
    this.identity = task;
    this.clock = world.clock;
    this.transport = world.transport;
    this.readBuffer = world.transport.readBuffer;
    this.pieceCount = task.geometry.pieceCount;
    this.#outbox = new Outbox(world.post, world.soon);
    this.#dials = new DialWindow(task.share, world.clock());
    this.#turnoverAt = world.clock();
    this.deadlines = this.#deadlinesNow();
    this.#download =
      task.download === null
        ? null
        : new ShardDownload({
            ...task.download,
            shard: task.shard,
            clock: world.clock,
            random: world.random,
            onFull: (full) => this.#outbox.full(full),
            onConvicted: (peer) => {
              this.#addresses.banish(peer);
              this.#outbox.now({ type: 'convicted', peer });
            },
          });
    this.requester =
      this.#download?.requester ?? new FirstBlockProbe(task.geometry, world.clock, world.random);
  }

  command(command: ShardCommand): void {
    switch (command.type) {
      case 'addresses':
        this.#addresses.add(command.addresses);
        break;
      case 'keep':
        this.#keep(command.peers);
        break;
      case 'resume':
        this.#kept = null;
        this.#addresses.callBack();
        break;
      case 'verdicts':
        this.#download?.verdicts(command.verified, command.evidence, this.#peers);
        break;
      case 'stop':
        this.#stop();
        return;
    }
    this.#pump();
  }

  /** The deadline tick: all time-outs, in slices, so that ten thousand peers do not make one long turn. */
  tick(): void {
    if (this.#stopped) return;
    const now = this.clock();
    this.requester.tick(now);
    this.#addresses.tick(now);
    if (now - this.#turnoverAt >= TURNOVER_INTERVAL_MS) this.#turnOver(now);
    this.deadlines = this.#deadlinesNow();
    this.#tickSlice([...this.#peers.values()], 0);
    if (now - this.#statsAt >= STATS_INTERVAL_MS) {
      this.#statsAt = now;
      this.#outbox.now({ type: 'stats', stats: this.#stats() });
    }
    this.#outbox.flush();
    this.#pump();
  }

  // --- PeerHost

  guard(work: () => void): void {
    if (this.#stopped) return;
    try {
      work();
    } catch (error) {
      this.#stopped = true;
      this.#world.fail(error);
    }
  }

  countPieces(peer: PeerDriver, change: 1 | -1): void {
    this.#download?.countPieces(peer.pieces, change);
  }

  countPiece(peer: PeerDriver, piece: PieceIndex): void {
    this.#download?.countPiece(peer.pieces, piece);
  }

  isUseful(peer: PeerDriver): boolean {
    return this.#download === null ? peer.pieces.count > 0 : this.#download.isUseful(peer.pieces);
  }

  onPhase(peer: PeerDriver, before: PeerState, after: PeerState): void {
    this.#counts.move(before, after);
    if (before.phase === 'dialing') {
      this.#dials.answered();
      this.#pump();
    }
    if (after.phase !== 'closed') return;
    this.countPieces(peer, -1);
    this.#peers.delete(peer.index);
    const address = { peer: peer.index, ...peer.address };
    const { code } = after.reason;
    if (code === 'race-lost') this.#addresses.sendHome(address);
    const retryInMs =
      this.#download === null ? null : this.#addresses.retryLater(address, code, this.clock());
    this.#outbox.closed({
      peer: peer.index,
      shard: this.#task.shard,
      timeline: after.timeline,
      reason: after.reason,
      client: peer.client,
      peerIdPrefix: peer.peerIdPrefix,
      receivedBytes: peer.receivedBytes,
      retryInMs,
    });
    this.#pump();
  }

  onMilestone(peer: PeerDriver, milestone: 'connected' | 'unchoked'): void {
    const at = this.clock();
    if (milestone === 'connected') {
      if (this.#task.strategy !== 'first-connect' || this.#kept !== null) return;
      this.#outbox.now({ type: 'connected', peer: peer.index, at });
      this.#keep([peer.index]);
      return;
    }
    if (this.#counts.of('unchoked') > this.#task.share.workingPeers) {
      peer.close('surplus');
      return;
    }
    // Past the batch: main starts the download, or sends everybody else home, on this word.
    this.#outbox.now({ type: 'unchoked', peer: peer.index, at });
  }

  onFirstBlock(peer: PeerDriver): void {
    this.#outbox.now({ type: 'first-block', peer: peer.index, at: this.clock() });
    this.#addresses.forgive(peer.index);
    if (this.#download === null) peer.close('done');
  }

  onShortage(peer: PeerDriver): void {
    this.#dials.shortage(this.clock());
    this.#peers.delete(peer.index);
    this.#addresses.add([{ peer: peer.index, ...peer.address }]);
  }

  // --- The race

  /** The same for all peers of one tick. */
  #deadlinesNow(): PeerHost['deadlines'] {
    const waiting = this.#waiting;
    return {
      connectTimeoutMs: this.#dials.connectTimeoutMs(waiting),
      chokedTimeoutMs: this.#task.chokedTimeoutMs,
      slotNeeded: this.#dials.slotNeeded(waiting, this.#peers.size),
      exchangeTimeoutMs:
        this.#task.strategy === 'sequential' ? SEQUENTIAL_EXCHANGE_MS : Number.POSITIVE_INFINITY,
    };
  }

  get #waiting(): number {
    return this.#mayDial ? this.#addresses.waiting : 0;
  }

  get #mayDial(): boolean {
    if (this.#stopped || this.#kept !== null) return false;
    return this.#counts.of('unchoked') < this.#task.share.workingPeers;
  }

  #keep(peers: readonly PeerIndex[]): void {
    this.#kept = new Set(peers);
    for (const peer of [...this.#peers.values()]) if (!this.#kept.has(peer.index)) peer.close('race-lost');
  }

  /** More peers wait than may be worked with: the slowest of those at work make room, and others get their turn. */
  #turnOver(now: number): void {
    this.#turnoverAt = now;
    if (this.#mayDial || this.#kept !== null || this.#addresses.waiting === 0) return;
    for (const peer of slowest(this.#peers.values(), now)) peer.close('replaced');
  }

  /** Dials what may be dialled, a few in each turn, so that answers are read between them. */
  #pump(): void {
    if (this.#pumpScheduled || this.#waiting === 0) return;
    this.#pumpScheduled = true;
    this.#world.soon(() => {
      this.#pumpScheduled = false;
      this.guard(() => this.#dialSome());
    });
  }

  #dialSome(): void {
    const now = this.clock();
    let allowed = this.#dials.allowance(this.#counts.of('dialing'), this.#peers.size, now);
    if (this.#task.strategy === 'sequential') allowed = this.#peers.size === 0 ? 1 : 0;
    const any = allowed > 0;
    for (; allowed > 0 && this.#waiting > 0; allowed--) {
      const address = this.#addresses.next();
      if (address === null || this.#peers.has(address.peer)) continue;
      const peer = new PeerDriver(address.peer, { host: address.host, port: address.port }, this);
      this.#peers.set(address.peer, peer);
      this.#dials.spend();
      peer.dial();
    }
    if (any) this.#pump();
    else this.#pumpLater(this.#dials.waitMs(now));
  }

  /** Only the dial rate holds the next dials back: go on when it allows a turn's worth, not at the next tick. */
  #pumpLater(ms: number): void {
    if (ms === 0 || ms >= TICK_MS) return;
    this.#pumpScheduled = true;
    this.#world.later(ms, () => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #tickSlice(peers: readonly PeerDriver[], from: number): void {
    const end = Math.min(peers.length, from + TICK_SLICE_PEERS);
    for (let i = from; i < end; i++) peers[i]?.tick();
    if (end < peers.length) this.#world.soon(() => this.guard(() => this.#tickSlice(peers, end)));
  }

  #stats(): ShardStats {
    return {
      ...this.#counts.snapshot(),
      queued: this.#addresses.waiting,
      blockBytes: this.requester.blockBytes,
      wastedBytes: this.requester.wastedBytes,
      shortages: this.#dials.shortages,
      ...this.#world.lag(),
    };
  }

  #stop(): void {
    for (const peer of [...this.#peers.values()]) peer.close('stopped');
    this.#outbox.now({ type: 'stats', stats: this.#stats() });
    this.#outbox.flush();
    this.#stopped = true;
    this.#outbox.now({ type: 'stopped' });
  }
}
