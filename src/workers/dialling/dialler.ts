/**
 * Dials the addresses of one torrent on a shard, as many as its turn allows (`dial-turns.ts`); and says of each peer that is
 * lost what comes next: another way at once, another try later, or nothing.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { SEQUENTIAL_EXCHANGE_MS } from '../../shared/limits.ts';
import type {
  AddressCommand,
  PeerAddress,
  PeerOutcome,
  TorrentEntry,
  TorrentEvent,
  TorrentStats,
} from '../../shared/messages.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { PeerHost } from '../peer/peer-host.ts';
import type { PeerState } from '../peer/peer-state.ts';
import type { Outbox } from '../shard/outbox.ts';
import type { ShardWorld } from '../shard/shard-world.ts';
import { AddressBook } from './address-book.ts';
import type { Approach, Approaches } from './approaches.ts';
import type { DialTurns } from './dial-turns.ts';
import { type Families, familyOf } from './families.ts';

type DialPlan = Pick<TorrentEntry, 'strategy' | 'reconnect'>;

/** Endings of a dial that come from the other side: there is a way to it. */
const ANSWERS: ReadonlySet<CloseCode> = new Set<CloseCode>(['refused', 'reset', 'closed-by-peer']);

/** What the dialler asks about its torrent. */
export interface DiallerHost {
  /** Peers are wanted at all. */
  readonly mayDial: boolean;
  readonly dialing: number;
  readonly open: number;
  guard(work: () => void): void;
  dial(address: PeerAddress): void;
  /** Ends a dial that is under way: the address waits again. */
  withdraw(peer: PeerIndex): void;
  /** It is lost without a dial. */
  lose(address: PeerAddress, code: CloseCode, detail: string): void;
  inPlay(peer: PeerIndex): boolean;
}

export class Dialler {
  readonly addresses: AddressBook;
  readonly #plan: DialPlan;
  readonly #host: DiallerHost;
  readonly #turns: DialTurns;
  readonly #clock: ShardWorld['clock'];
  readonly #approaches: Approaches;
  /** Null behind a proxy: it dials for us. */
  readonly #families: Families | null;
  /** Lost peers that are being dialled again. */
  readonly #redials = new Map<PeerIndex, PeerAddress>();

  constructor(
    plan: DialPlan,
    host: DiallerHost,
    turns: DialTurns,
    approaches: Approaches,
    { clock, random }: Pick<ShardWorld, 'clock' | 'random'>,
  ) {
    this.#plan = plan;
    this.addresses = new AddressBook(random);
    this.#turns = turns;
    this.#approaches = approaches;
    this.#families = turns.families;
    this.#host = host;
    this.#clock = clock;
  }

  /** Addresses that could be dialled now, the lost ones among them. */
  get waiting(): number {
    return this.#host.mayDial ? this.addresses.waiting : 0;
  }

  /** Those of them that come before the lost ones. */
  get newWaiting(): number {
    return this.#host.mayDial ? this.addresses.newWaiting : 0;
  }

  get needsNoPlace(): boolean {
    return this.#isSequential && this.#host.open > 0;
  }

  /** How it went with those whose second turn did not come. */
  get untold(): readonly PeerOutcome[] {
    return this.#approaches.untold;
  }

  get stats(): Pick<TorrentStats, 'queued' | 'redialing' | 'refusedTcp' | 'failedTcp' | 'hungUpTcp'> {
    const { size: redialing } = this.#redials;
    return { queued: this.addresses.waiting, redialing, ...this.#approaches.overTcp };
  }

  approachOf(peer: PeerAddress): Approach {
    return this.#approaches.of(peer);
  }

  /** What the peers of one tick must keep to. */
  deadlines(chokedTimeoutMs: number): PeerHost['deadlines'] {
    return {
      ...this.#turns.deadlines,
      chokedTimeoutMs,
      exchangeTimeoutMs: this.#isSequential ? SEQUENTIAL_EXCHANGE_MS : Number.POSITIVE_INFINITY,
    };
  }

  command(command: AddressCommand, outbox: Outbox): void {
    switch (command.type) {
      case 'addresses':
        if (command.lost) this.addresses.addLost(command.addresses, this.#clock());
        else this.addresses.add(command.addresses);
        return;
      case 'named':
        return this.addresses.named(command.peers);
      case 'forget':
        // Whatever else is to be said of a peer comes before the word that it is forgotten.
        outbox.flush();
        return outbox.now(this.#forget(command.peers));
    }
  }

  networkBack(): void {
    this.addresses.networkBack();
    this.pump();
  }

  familyOpened(has: (host: string) => boolean): void {
    this.addresses.wake(({ host }) => has(host));
  }

  tick(now: number): void {
    if (this.#host.open === this.#host.dialing) this.addresses.probe(now);
    this.addresses.tick(now);
  }

  /** A dial has come to an end; `after` is `queued` where it was not answered, and counts for nothing. */
  dialEnded({ peer, host }: PeerAddress, after: PeerState): void {
    this.#redials.delete(peer);
    if (after.phase === 'queued') return;
    if (after.phase === 'handshaking') this.#approaches.connected(peer);
    if (after.phase !== 'closed' || ANSWERS.has(after.reason.code)) this.#families?.answered(host);
    this.#turns.window.answered();
    this.pump();
  }

  /** This machine could not dial: the address waits, and dialling pauses where that is what is wrong. */
  shortage(address: PeerAddress, code: string): void {
    const now = this.#clock();
    if (code === 'EADDRNOTAVAIL' && this.#families?.failed(address.host, code, now))
      return this.#host.lose(address, 'unreachable', withoutFamily(address.host));
    this.#turns.window.shortage(now);
    this.addresses.addAgain(address);
  }

  /** Returns the outcome of a peer that closed; null where it is tried in another way. */
  lost(
    address: PeerAddress,
    before: PeerState,
    outcome: PeerOutcome,
    { isOver, isIncoming }: { readonly isOver: boolean; readonly isIncoming: boolean },
  ): PeerOutcome | null {
    const now = this.#clock();
    const { code, detail = '' } = outcome.reason;
    const isUnreachable = before.phase === 'dialing' && code === 'unreachable';
    const noFamily = isUnreachable && this.#families?.failed(address.host, detail, now);
    if (code === 'moved' && !isOver) {
      this.addresses.addFirst(address);
      return { ...outcome, retryInMs: 0 };
    }
    const again = isOver || noFamily || isIncoming ? null : this.#approaches.triesAnother(before, outcome);
    if (again === 'at once') this.addresses.addFirst(address);
    if (again === 'in turn') this.addresses.addAgain(address);
    if (again !== null) return null;
    const ending = this.#approaches.ending(before, outcome);
    if (ending.reason.code === 'race-lost') this.addresses.sendHome(address);
    const mayReturn =
      this.#plan.reconnect && !isIncoming && this.#families?.wayTo(address.host, now) !== 'never';
    if (!mayReturn) return ending;
    return { ...ending, retryInMs: this.addresses.retryLater(address, ending.reason.code, now) };
  }

  /** Dials a peer that is connected again, over uTP alone; and as before if that fails. */
  moveToUtp(peer: PeerDriver): void {
    if (this.#approaches.moveToUtp(peer.index, peer.transport)) peer.close('moved');
  }

  /** Dials what may be dialled, from the next turn on. */
  pump(): void {
    if (this.waiting > 0) this.#turns.pump(this);
  }

  /** Its turn: dials at most `most` addresses. Returns how many it took. */
  dialSome(most: number, now: number): number {
    let taken = 0;
    for (; taken < most && this.waiting > 0 && !this.needsNoPlace; taken++) {
      const isNew = !this.addresses.isLostTurn;
      if (!isNew && !this.#turns.window.mayRedial(now)) break;
      const address = isNew ? this.addresses.nextNew() : this.addresses.nextLost();
      if (address !== null) this.#dial(address, isNew, now);
    }
    return taken;
  }

  /** New addresses wait for a place while lost ones have it: at most `most` lost ones wait again. Returns how many do. */
  withdrawRedials(most: number): number {
    if (this.#isSequential) return 0;
    let withdrawn = 0;
    for (const [peer, address] of this.#redials) {
      if (withdrawn >= most) break;
      withdrawn += 1;
      this.#host.withdraw(peer);
      this.addresses.addAgain(address);
    }
    return withdrawn;
  }

  /** One exchange after the other. */
  get #isSequential(): boolean {
    return this.#plan.strategy === 'sequential';
  }

  #dial(address: PeerAddress, isNew: boolean, now: number): void {
    const way = this.#families?.wayTo(address.host, now) ?? 'open';
    if (this.#host.inPlay(address.peer)) return;
    if (way !== 'open') return this.#host.lose(address, 'unreachable', withoutFamily(address.host));
    this.#host.dial(address);
    if (isNew) return this.#turns.window.spend();
    this.#turns.window.spendRedial();
    this.#redials.set(address.peer, address);
  }

  /** Those that are in play stay. */
  #forget(peers: readonly PeerIndex[]): TorrentEvent {
    const kept = peers.filter((peer) => this.#host.inPlay(peer));
    const gone = peers.filter((peer) => !this.#host.inPlay(peer));
    this.addresses.forget(gone);
    this.#approaches.forget(gone);
    return { type: 'forgotten', peers: gone, kept };
  }
}

function withoutFamily(host: string): string {
  return `no way to IPv${familyOf(host)} from here`;
}
