/** One torrent on a shard: the peers of it that fell to this thread, all in play at once, and what they download. */
import type { Clock } from '../../shared/clock.ts';
import type { CloseCode } from '../../shared/close-reason.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { PeerIndex, TorrentId } from '../../shared/indices.ts';
import type { PeerAddress, TorrentCommand, TorrentEntry } from '../../shared/messages.ts';
import type { TorrentNames } from '../../shared/torrent-names.ts';
import type { AcceptingTorrent } from '../dialling/acceptor.ts';
import { type Approach, Approaches } from '../dialling/approaches.ts';
import type { Arrival } from '../dialling/arrival.ts';
import { Dialler, type DiallerHost } from '../dialling/dialler.ts';
import type { EarlyBudget } from '../peer/early-pieces.ts';
import { Greetings } from '../peer/greeting.ts';
import { identityOf, isHybrid } from '../peer/identity.ts';
import { PeerDriver } from '../peer/peer-driver.ts';
import type { PeerHost, PeerNews } from '../peer/peer-host.ts';
import { outcomeOf } from '../peer/peer-outcome.ts';
import type { PeerState } from '../peer/peer-state.ts';
import type { Connection, Transport } from '../transport/transport.ts';
import type { HolepunchMessage } from '../wire/holepunch-message.ts';
import { FastestPeers } from './fastest-peers.ts';
import { KeptPeers } from './kept-peers.ts';
import { KnownTorrent } from './known-torrent.ts';
import { Outbox } from './outbox.ts';
import { PeerExchange } from './peer-exchange.ts';
import { PhaseCounts } from './phase-counts.ts';
import { requestSetup } from './request-setup.ts';
import type { ShardThread } from './shard-thread.ts';
import { TorrentHolepunch } from './torrent-holepunch.ts';
import { statsOf } from './torrent-stats.ts';
import { WorkingPeers } from './working-peers.ts';

export class TorrentPeers implements PeerHost, DiallerHost, AcceptingTorrent {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly earlyBudget: EarlyBudget;
  readonly greetings: Greetings;
  readonly torrent: KnownTorrent;
  deadlines: PeerHost['deadlines'];
  readonly working = new WorkingPeers();
  readonly #entry: TorrentEntry;
  readonly #thread: ShardThread;
  readonly #outbox: Outbox;
  readonly dialler: Dialler;
  readonly #holepunch: TorrentHolepunch;
  readonly #counts = new PhaseCounts();
  /** All peers that are not closed. */
  readonly #peers = new Map<PeerIndex, PeerDriver>();
  readonly #kept: KeptPeers;
  readonly #fastest: FastestPeers;
  #pex: PeerExchange | null;
  #nextIncoming: PeerIndex;
  #workingPeers: number;
  #over = false;

  constructor(id: TorrentId, entry: TorrentEntry, thread: ShardThread) {
    this.#entry = entry;
    this.#thread = thread;
    const { world, task } = thread;
    this.clock = world.clock;
    this.transport = world.transport;
    this.earlyBudget = thread.earlyBudget;
    this.greetings = new Greetings(identityOf(entry, task, world.randomBytes));
    this.#outbox = new Outbox(id, world);
    const approaches = new Approaches(task.encryption, task.utp, () => isHybrid(this.names));
    this.dialler = new Dialler(entry, this, thread.turns, approaches, world);
    thread.turns.enter(this.dialler);
    this.#kept = new KeptPeers(this.#peers, world.clock());
    this.#fastest = new FastestPeers(world.clock());
    this.torrent = new KnownTorrent(entry, thread, this.working, (event) => this.#outbox.now(event));
    this.#holepunch = new TorrentHolepunch(entry, this, this.#peers, thread, this.#outbox);
    this.#pex = entry.pex ? new PeerExchange() : null;
    this.#nextIncoming = entry.incoming.first;
    this.#workingPeers = entry.workingPeers;
    this.deadlines = this.dialler.deadlines(entry.chokedTimeoutMs);
  }

  command(command: Exclude<TorrentCommand, { type: 'enter' | 'leave' }>): void {
    this.#thread.wake(this);
    switch (command.type) {
      case 'begin': {
        const { content } = command;
        if (content.names !== undefined) this.greetings.learn(content.names);
        this.#thread.named(this);
        if (content.private) this.#pex = null;
        this.torrent.begin(content, requestSetup(this, this.#peers, this.#thread, this.#outbox), this.#peers);
        break;
      }
      case 'ask-metadata':
      case 'ask-hashes':
      case 'tell-hashes':
        this.#peers.get(command.peer)?.command(command);
        return;
      case 'banish':
        this.#banish(command.peers, command.code);
        break;
      case 'forget':
      case 'addresses':
      case 'named':
        if (command.type === 'forget') this.working.forget(command.peers);
        this.#holepunch.heed(command);
        this.dialler.command(command, this.#outbox);
        break;
      case 'share':
        this.#workingPeers = command.workingPeers;
        break;
      case 'keep':
        this.#kept.keep(command.peers);
        break;
      case 'resume':
        this.#kept.resume();
        this.dialler.addresses.resumeRace();
        break;
      case 'verdicts':
      case 'seed':
      case 'choose':
      case 'tell-node':
      case 'admit':
      case 'dismiss':
        this.torrent.command(command, this.#peers);
        break;
      default:
        this.#holepunch.command(command);
    }
    this.dialler.pump();
  }

  /** The deadline tick: all time-outs, in slices, so that ten thousand peers do not make one long turn. */
  tick(now: number): void {
    this.torrent.tick(now, this.#peers);
    this.dialler.tick(now);
    this.working.dismissBeyond(this.#workingPeers);
    const waiting = this.mayDial ? 'none' : this.dialler.addresses.whoWaits;
    for (const peer of this.#kept.turnOver(now, waiting)) this.working.replace(peer);
    // Nobody unchokes a seed.
    const { isSeed } = this.torrent;
    this.deadlines = this.dialler.deadlines(isSeed ? Number.POSITIVE_INFINITY : this.#entry.chokedTimeoutMs);
    this.#thread.slices.add(this.#peers.values());
    const mover = this.#holepunch.tick(now);
    if (mover !== null) this.dialler.moveToUtp(mover);
    this.#pex?.tick(this.#peers.values(), (peer) => this.#holepunch.wayOf(peer), now);
    const fastest = this.#fastest.tick(this.#peers.values(), now);
    if (fastest !== null) this.#outbox.now({ type: 'fastest', peers: fastest });
    // Together, so that no peer is counted both as on its way and as lost.
    this.#postStats();
    this.#outbox.flush();
    this.dialler.pump();
  }

  /** Closes every peer. Nothing of the torrent is left on this shard then. */
  leave(): void {
    for (const peer of [...this.#peers.values()]) peer.close('stopped');
    for (const outcome of this.dialler.untold) this.#outbox.closed(outcome);
    this.#thread.turns.leave(this.dialler);
    this.torrent.close();
    this.#postStats();
    this.#outbox.flush();
    this.#over = true;
    this.#outbox.now({ type: 'left' });
  }

  get names(): TorrentNames {
    return this.greetings.identity;
  }

  guard(work: () => void): void {
    if (!this.#over) this.#thread.guard(work);
  }

  onPhase(peer: PeerDriver, before: PeerState, after: PeerState): void {
    this.#counts.move(before, after);
    this.#thread.counts.move(before, after);
    if (before.phase === 'dialing') this.dialler.dialEnded(peer.peerAddress, after);
    const punched = this.#holepunch.onPhase(peer, before, after);
    if (after.phase !== 'closed') return;
    this.torrent.peerLeft(peer);
    this.#remove(peer);
    this.#pex?.forget(peer.index);
    const isOver = this.#over || this.#thread.stopping || this.#kept.decided;
    const isIncoming = this.#thread.peerLeft(peer) || punched !== null;
    const outcome = outcomeOf(peer, after, this.#thread.task.shard);
    const told = this.dialler.lost(peer.peerAddress, before, outcome, { isOver, isIncoming });
    if (told !== null && punched !== 'unanswered') this.#outbox.closed(told);
    this.dialler.pump();
  }

  onMilestone(peer: PeerDriver, milestone: 'connected' | 'unchoked'): void {
    const at = this.clock();
    if (milestone === 'connected') {
      if (this.#entry.strategy !== 'first-connect' || this.#kept.decided) return;
      this.#outbox.now({ type: 'connected', peer: peer.index, at });
      this.#kept.keep([peer.index]);
      return;
    }
    this.working.dismissBeyond(this.#workingPeers);
    if (peer.state.phase === 'closed') return;
    // Past the batch: main starts the download, or sends all others home, on this word.
    this.#outbox.now({ type: 'unchoked', peer: peer.index, at });
  }

  onFirstBlock(peer: PeerDriver): void {
    this.#outbox.now({ type: 'first-block', peer: peer.index, at: this.clock() });
    this.dialler.addresses.forgive(peer.index);
    if (!this.torrent.isDownloaded) peer.close('done');
  }

  tell(event: PeerNews): void {
    if (event.type !== 'peers-told' || this.#pex !== null) this.#outbox.now(event);
  }

  onHolepunch(peer: PeerDriver, message: HolepunchMessage): void {
    this.#holepunch.heard(peer, message);
  }

  onShortage(peer: PeerDriver, code: string): void {
    this.#remove(peer);
    if (!this.#holepunch.onShortage(peer)) this.dialler.shortage(peer.peerAddress, code);
  }

  get mayDial(): boolean {
    if (this.#over || (this.#kept.decided && !this.torrent.isSeed)) return false;
    return this.working.size < this.#workingPeers;
  }

  get dialing(): number {
    return this.#counts.of('dialing');
  }

  get open(): number {
    return this.#peers.size;
  }

  dial(address: PeerAddress): void {
    this.#holepunch.dialled(address);
    this.#enter(address).dial();
  }

  withdraw(index: PeerIndex): void {
    const peer = this.#peers.get(index);
    if (peer === undefined) return;
    peer.apply({ type: 'postpone' });
    this.#remove(peer);
  }

  lose(address: PeerAddress, code: CloseCode, detail?: string): void {
    this.#enter(address).close(code, detail);
  }

  get mayAccept(): boolean {
    return this.#entry.accepts && this.mayDial;
  }

  inPlay(peer: PeerIndex): boolean {
    return this.#peers.has(peer);
  }

  welcome(arrival: Arrival, connection: Connection): PeerDriver {
    const punched = this.#holepunch.met(arrival.address);
    this.#thread.reachedBy(arrival.address, connection.kind);
    const peer = this.enterUnnamed(arrival.address);
    this.#outbox.now({ type: 'accepted', address: peer.peerAddress, punched });
    peer.accept(connection, arrival.at);
    return peer;
  }

  enterUnnamed(address: HostPort, approach?: Approach): PeerDriver {
    const peer = this.#nextIncoming;
    this.#nextIncoming = (peer + this.#entry.incoming.step) as PeerIndex;
    return this.#enter({ peer, ...address }, approach);
  }

  /** From here on it is in play. */
  #enter(address: PeerAddress, approach = this.dialler.approachOf(address)): PeerDriver {
    const peer = new PeerDriver(address, this, approach);
    this.#peers.set(peer.index, peer);
    this.#thread.wake(this);
    this.#thread.opened(1);
    return peer;
  }

  /** Nothing happens before a command or a peer comes, and main has been told of all that did. */
  get isIdle(): boolean {
    if (this.open > 0 || !this.#outbox.isEmpty || this.#fastest.hasTold) return false;
    return this.dialler.addresses.isEmpty && !this.torrent.isWorking;
  }

  #remove(peer: PeerDriver): void {
    if (this.#peers.delete(peer.index)) this.#thread.opened(-1);
  }

  #banish(peers: readonly PeerIndex[], code: CloseCode): void {
    for (const waiting of this.dialler.addresses.banish(peers)) this.lose(waiting, code);
    for (const peer of peers) this.#peers.get(peer)?.close(code);
  }

  #postStats(): void {
    this.#outbox.stats(statsOf(this.#counts, this.dialler, this.torrent, this.#peers.values()));
  }
}
