/** A peer shard: the addresses that fell to this thread, all in play at once, and what they download. Time and network come from outside. */
import type { Clock } from '../../shared/clock.ts';
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { Ledger } from '../../shared/ledger.ts';
import { KEY_EXCHANGE_BURST, KEY_EXCHANGES_PER_S } from '../../shared/limits.ts';
import type {
  PeerAddress,
  ShardCommand,
  ShardStats,
  ShardTask,
  ShardTorrent,
} from '../../shared/messages.ts';
import { Acceptor, type AcceptorHost } from '../dialling/acceptor.ts';
import { Dialler, type DiallerHost } from '../dialling/dialler.ts';
import { Allowance } from '../peer/allowance.ts';
import { EarlyBudget } from '../peer/early-pieces.ts';
import { Greetings, NOTHING_PUBLIC, type Offer, type PublicOffer } from '../peer/greeting.ts';
import { PeerDriver } from '../peer/peer-driver.ts';
import type { PeerHost, PeerNews } from '../peer/peer-host.ts';
import { outcomeOf } from '../peer/peer-outcome.ts';
import type { PeerState } from '../peer/peer-state.ts';
import { FirstBlockProbe } from '../requests/first-block-probe.ts';
import type { Requester } from '../requests/requester.ts';
import { ShardDownload } from '../requests/shard-download.ts';
import { UNKNOWN_TORRENT } from '../requests/unknown-torrent.ts';
import type { Listening, Transport } from '../transport/transport.ts';
import { FastestPeers } from './fastest-peers.ts';
import { KeptPeers } from './kept-peers.ts';
import { Outbox } from './outbox.ts';
import { PeerExchange } from './peer-exchange.ts';
import { PhaseCounts } from './phase-counts.ts';
import type { ShardWorld } from './shard-world.ts';
import { type SwarmCount, UNCOUNTED } from './swarm-count.ts';
import { tickInSlices } from './tick-slices.ts';
import { EVERYTHING, type WantedPieces } from './wanted-pieces.ts';
import { WorkingPeers } from './working-peers.ts';

export class Shard implements PeerHost, DiallerHost, AcceptorHost {
  readonly clock: Clock;
  readonly transport: Transport;
  requester: Requester = UNKNOWN_TORRENT;
  readonly identity: ShardTask<unknown>;
  readonly greetings: Greetings;
  readonly earlyBudget = new EarlyBudget();
  readonly keyExchanges: Allowance;
  pieceCount: number | null = null;
  info: Uint8Array | null = null;
  deadlines: PeerHost['deadlines'];
  readonly #task: ShardTask<unknown>;
  readonly #world: ShardWorld;
  readonly #outbox: Outbox;
  readonly #dialler: Dialler;
  readonly #counts = new PhaseCounts();
  readonly working = new WorkingPeers();
  wanted: WantedPieces = EVERYTHING;
  swarm: SwarmCount = UNCOUNTED;
  #download: ShardDownload | null = null;
  /** Everybody who is not closed. */
  readonly #peers = new Map<PeerIndex, PeerDriver>();
  #acceptor: Acceptor | null = null;
  readonly #kept: KeptPeers;
  readonly #fastest: FastestPeers;
  #pex: PeerExchange | null;
  #publicOffer: PublicOffer;
  #stopped = false;

  constructor(task: ShardTask<unknown>, world: ShardWorld) {
    this.#task = task;
    this.#world = world;
    this.identity = task;
    this.greetings = new Greetings(task);
    this.clock = world.clock;
    this.keyExchanges = new Allowance(KEY_EXCHANGE_BURST, KEY_EXCHANGES_PER_S, world.clock());
    this.transport = world.transport;
    this.#outbox = new Outbox(world);
    this.#dialler = new Dialler(task, this, world);
    this.#kept = new KeptPeers(this.#peers, world.clock());
    this.#fastest = new FastestPeers(world.clock());
    this.#publicOffer = { pex: task.pex, dht: task.dht };
    this.#pex = task.pex ? new PeerExchange() : null;
    this.deadlines = this.#dialler.deadlines(task.chokedTimeoutMs);
  }

  command(command: ShardCommand): void {
    switch (command.type) {
      case 'torrent':
        this.#begin(command.torrent);
        break;
      case 'listen':
        this.#acceptor = new Acceptor(command, this.transport, this);
        return;
      case 'ask-metadata':
        this.#peers.get(command.peer)?.askMetadata(command.parts);
        return;
      case 'banish':
        this.#banish(command.peers, command.code);
        break;
      case 'addresses':
      case 'named':
      case 'network-back':
      case 'forget':
        this.#dialler.command(command, this.#outbox);
        break;
      case 'keep':
        this.#kept.keep(command.peers);
        break;
      case 'resume':
        this.#kept.resume();
        this.#dialler.addresses.resumeRace();
        break;
      case 'verdicts':
        this.#download?.verdicts(command.verified, this.#peers);
        break;
      case 'stop':
        this.#stop();
        return;
    }
    this.#dialler.pump();
  }

  /** The deadline tick: all time-outs, in slices, so that ten thousand peers do not make one long turn. */
  tick(): void {
    if (this.#stopped) return;
    const now = this.clock();
    this.requester.tick(now);
    this.#dialler.tick(now);
    for (const peer of this.working.beyond(this.#task.share.workingPeers)) peer.close('surplus');
    this.#kept.turnOver(now, !this.mayDial && this.#dialler.addresses.newWaiting > 0);
    this.deadlines = this.#dialler.deadlines(this.#task.chokedTimeoutMs);
    tickInSlices([...this.#peers.values()], this.#world.soon, (work) => this.guard(work));
    this.#pex?.tick(this.#peers.values(), (peer) => this.#acceptor?.has(peer.index) ?? false, now);
    const fastest = this.#fastest.tick(this.#peers.values(), now);
    if (fastest !== null) this.#outbox.now({ type: 'fastest', peers: fastest });
    // Together, so that nobody is counted both as on his way and as lost.
    this.#outbox.now({ type: 'stats', stats: this.#stats() });
    this.#outbox.flush();
    this.#dialler.pump();
  }

  // --- PeerHost

  get offer(): Offer {
    const bitfield = this.#download?.bitfield ?? null;
    return { metadataBytes: this.info?.length ?? null, ...this.#publicOffer, bitfield };
  }

  guard(work: () => void): void {
    if (this.#stopped) return;
    try {
      work();
    } catch (error) {
      this.#stopped = true;
      this.#world.fail(error);
    }
  }

  onPhase(peer: PeerDriver, before: PeerState, after: PeerState): void {
    this.#counts.move(before, after);
    if (before.phase === 'dialing') this.#dialler.dialEnded(peer.peerAddress, after);
    if (after.phase !== 'closed') return;
    this.swarm.countPieces(peer.pieces, -1);
    this.#peers.delete(peer.index);
    this.#pex?.forget(peer.index);
    const isOver = this.#stopped || this.#kept.decided;
    const isGuest = this.#acceptor?.left(peer.index) ?? false;
    const outcome = outcomeOf(peer, after, this.#task.shard);
    const told = this.#dialler.lost(peer.peerAddress, before, outcome, { isOver, isGuest });
    if (told !== null) this.#outbox.closed(told);
    this.#dialler.pump();
  }

  onMilestone(peer: PeerDriver, milestone: 'connected' | 'unchoked'): void {
    const at = this.clock();
    if (milestone === 'connected') {
      if (this.#task.strategy !== 'first-connect' || this.#kept.decided) return;
      this.#outbox.now({ type: 'connected', peer: peer.index, at });
      this.#kept.keep([peer.index]);
      return;
    }
    if (this.working.isSurplus(peer, this.#task.share.workingPeers)) {
      peer.close('surplus');
      return;
    }
    // Past the batch: main starts the download, or sends everybody else home, on this word.
    this.#outbox.now({ type: 'unchoked', peer: peer.index, at });
  }

  onFirstBlock(peer: PeerDriver): void {
    this.#outbox.now({ type: 'first-block', peer: peer.index, at: this.clock() });
    this.#dialler.addresses.forgive(peer.index);
    if (this.#download === null) peer.close('done');
  }

  tell(event: PeerNews): void {
    if (event.type !== 'peers-told' || this.#pex !== null) this.#outbox.now(event);
  }

  onShortage(peer: PeerDriver, code: string): void {
    this.#peers.delete(peer.index);
    this.#dialler.shortage(peer.peerAddress, code);
  }

  get mayDial(): boolean {
    if (this.#stopped || this.#kept.decided) return false;
    return this.working.size < this.#task.share.workingPeers;
  }

  get dialing(): number {
    return this.#counts.of('dialing');
  }

  get open(): number {
    return this.#peers.size;
  }

  dial(address: PeerAddress): void {
    this.#enter(address).dial();
  }

  withdraw(index: PeerIndex): void {
    this.#peers.get(index)?.apply({ type: 'postpone' });
    this.#peers.delete(index);
  }

  lose(address: PeerAddress, code: CloseCode, detail?: string): void {
    this.#enter(address).close(code, detail);
  }

  inPlay(peer: PeerIndex): boolean {
    return this.#peers.has(peer);
  }

  // --- AcceptorHost

  get hasRoom(): boolean {
    return this.#peers.size < this.#task.share.openPeers;
  }

  onListening({ port, error }: Listening): void {
    this.guard(() => this.#outbox.now({ type: 'listening', port, error }));
  }

  onAccepted(address: PeerAddress): PeerDriver {
    this.#outbox.now({ type: 'accepted', address });
    return this.#enter(address);
  }

  /** From here on it is in play. */
  #enter({ peer: index, host, port }: PeerAddress): PeerDriver {
    const peer = new PeerDriver(index, { host, port }, this, this.#dialler.approachOf(index));
    this.#peers.set(index, peer);
    return peer;
  }

  /** Those that were still waiting are told as lost, too. */
  #banish(peers: readonly PeerIndex[], code: CloseCode): void {
    for (const waiting of this.#dialler.addresses.banish(peers)) this.lose(waiting, code);
    for (const peer of peers) this.#peers.get(peer)?.close(code);
  }

  /** The torrent is known: from here on there is something to ask for. */
  #begin({ geometry, info, download, private: isPrivate }: ShardTorrent): void {
    if (isPrivate) this.#pex = null;
    if (isPrivate) this.#publicOffer = NOTHING_PUBLIC;
    const { clock, random } = this.#world;
    this.pieceCount = geometry.pieceCount;
    this.info = new Uint8Array(info);
    if (download !== null) {
      this.wanted = new Ledger(download.ledger);
      this.swarm = this.#download = new ShardDownload({
        ...download,
        shard: this.#task.shard,
        clock,
        random,
        onFull: (full) => this.#outbox.full(full),
      });
    }
    this.requester = this.#download?.requester ?? new FirstBlockProbe(geometry, clock, random);
    for (const peer of [...this.#peers.values()]) peer.torrentKnown(geometry.pieceCount);
    this.#download?.tellFound(this.#peers);
  }

  #stats(): ShardStats {
    const { blockBytes, wastedBytes } = this.requester;
    const phases = this.#counts.snapshot();
    return { ...phases, ...this.#dialler.counts, blockBytes, wastedBytes, ...this.#world.load() };
  }

  #stop(): void {
    this.#acceptor?.close();
    for (const peer of [...this.#peers.values()]) peer.close('stopped');
    this.transport.close();
    for (const outcome of this.#dialler.untold) this.#outbox.closed(outcome);
    this.#outbox.now({ type: 'stats', stats: this.#stats() });
    this.#outbox.flush();
    this.#stopped = true;
    this.#outbox.now({ type: 'stopped' });
  }
}
