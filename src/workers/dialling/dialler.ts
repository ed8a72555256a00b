/**
 * Dials the addresses of a shard as fast as it may, a few in each turn of the event loop, so that answers are read between
 * them; and says of each peer that is lost what comes next: another way at once, another try later, or nothing.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { DIALS_PER_TURN, SEQUENTIAL_EXCHANGE_MS, TICK_MS } from '../../shared/limits.ts';
import type {
  AddressCommand,
  PeerAddress,
  PeerOutcome,
  ShardEvent,
  ShardTask,
} from '../../shared/messages.ts';
import type { PeerHost } from '../peer/peer-host.ts';
import type { PeerState } from '../peer/peer-state.ts';
import type { Outbox } from '../shard/outbox.ts';
import type { ShardWorld } from '../shard/shard-world.ts';
import { AddressBook } from './address-book.ts';
import { type Approach, Approaches } from './approaches.ts';
import { DialWindow } from './dial-window.ts';
import { Families, familyOf } from './families.ts';

type DialPlan = Pick<
  ShardTask<unknown>,
  'share' | 'strategy' | 'encryption' | 'utp' | 'proxy' | 'localAddress' | 'reconnect'
>;

/** Endings of a dial that come from the other side: there is a way to it. */
const ANSWERS: ReadonlySet<CloseCode> = new Set<CloseCode>(['refused', 'reset', 'closed-by-peer']);

/** What the dialler asks its shard. */
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
  readonly window: DialWindow;
  readonly #plan: DialPlan;
  readonly #host: DiallerHost;
  readonly #world: ShardWorld;
  readonly #approaches: Approaches;
  /** Null behind a proxy: it dials for us. */
  readonly #families: Families | null;
  /** Lost peers that are being dialled again. */
  readonly #redials = new Map<PeerIndex, PeerAddress>();
  #scheduled = false;

  constructor(plan: DialPlan, host: DiallerHost, world: ShardWorld) {
    this.#plan = plan;
    this.addresses = new AddressBook(world.random);
    this.window = new DialWindow(plan.share, world.clock());
    this.#approaches = new Approaches(plan.encryption, plan.utp);
    this.#families = plan.proxy === null ? new Families(plan.localAddress, world.ownAddresses) : null;
    this.#host = host;
    this.#world = world;
  }

  /** Addresses that could be dialled now, the lost ones among them. */
  get waiting(): number {
    return this.#host.mayDial ? this.addresses.waiting : 0;
  }

  /** For the shard's counters. */
  get counts(): { readonly queued: number; readonly shortages: number } {
    return { queued: this.addresses.waiting, shortages: this.window.shortages };
  }

  /** How it went with those whose second turn did not come. */
  get untold(): readonly PeerOutcome[] {
    return this.#approaches.untold;
  }

  approachOf(peer: PeerIndex): Approach {
    return this.#approaches.of(peer);
  }

  /** What the peers of one tick must keep to, given how many new addresses wait: lost ones hurry nobody. */
  deadlines(chokedTimeoutMs: number): PeerHost['deadlines'] {
    const waiting = this.#host.mayDial ? this.addresses.newWaiting : 0;
    return {
      connectTimeoutMs: this.window.connectTimeoutMs(waiting),
      chokedTimeoutMs,
      slotNeeded: this.window.slotNeeded(waiting, this.#host.open),
      exchangeTimeoutMs: this.#isSequential ? SEQUENTIAL_EXCHANGE_MS : Number.POSITIVE_INFINITY,
    };
  }

  command(command: AddressCommand, outbox: Outbox): void {
    switch (command.type) {
      case 'addresses':
        if (command.lost) this.addresses.addLost(command.addresses, this.#world.clock());
        else this.addresses.add(command.addresses);
        return;
      case 'named':
        return this.addresses.named(command.peers);
      case 'network-back':
        this.#families?.reopen();
        return this.addresses.networkBack();
      case 'forget':
        // Whatever else is to be said of a peer comes before the word that it is forgotten.
        outbox.flush();
        return outbox.now(this.#forget(command.peers));
    }
  }

  tick(now: number): void {
    const opened = this.#families?.tick(now) ?? null;
    if (opened !== null) this.addresses.wake(({ host }) => opened(host));
    if (this.#host.open === this.#host.dialing) this.addresses.probe(now);
    this.addresses.tick(now);
  }

  /** A dial has come to an end; `after` is `queued` where it was not answered, and counts for nothing. */
  dialEnded({ peer, host }: PeerAddress, after: PeerState): void {
    this.#redials.delete(peer);
    if (after.phase === 'queued') return;
    if (after.phase !== 'closed' || ANSWERS.has(after.reason.code)) this.#families?.answered(host);
    this.window.answered();
    this.pump();
  }

  /** This machine could not dial: the address waits, and dialling pauses where that is what is wrong. */
  shortage(address: PeerAddress, code: string): void {
    const now = this.#world.clock();
    if (code === 'EADDRNOTAVAIL' && this.#families?.failed(address.host, code, now))
      return this.#host.lose(address, 'unreachable', withoutFamily(address.host));
    this.window.shortage(now);
    this.addresses.addAgain(address);
  }

  /** Returns the outcome of a peer that closed; null where it is tried in another way. */
  lost(
    address: PeerAddress,
    before: PeerState,
    outcome: PeerOutcome,
    { isOver, isGuest }: { readonly isOver: boolean; readonly isGuest: boolean },
  ): PeerOutcome | null {
    const now = this.#world.clock();
    const { code, detail = '' } = outcome.reason;
    const isUnreachable = before.phase === 'dialing' && code === 'unreachable';
    const noFamily = isUnreachable && this.#families?.failed(address.host, detail, now);
    const again = isOver || noFamily ? null : this.#approaches.triesAnother(before, outcome);
    if (again === 'at once') this.addresses.addFirst(address);
    if (again === 'in turn') this.addresses.addAgain(address);
    if (again !== null) return null;
    const ending = this.#approaches.ending(before, outcome);
    if (ending.reason.code === 'race-lost') this.addresses.sendHome(address);
    const mayReturn =
      this.#plan.reconnect && !isGuest && this.#families?.wayTo(address.host, now) !== 'never';
    if (!mayReturn) return ending;
    return { ...ending, retryInMs: this.addresses.retryLater(address, ending.reason.code, now) };
  }

  /** Dials what may be dialled, from the next turn on. */
  pump(): void {
    if (this.#scheduled || this.waiting === 0) return;
    this.#scheduled = true;
    this.#world.soon(() => {
      this.#scheduled = false;
      this.#host.guard(() => this.#dialSome());
    });
  }

  /** One exchange after the other. */
  get #isSequential(): boolean {
    return this.#plan.strategy === 'sequential';
  }

  #dialSome(): void {
    const now = this.#world.clock();
    if (!this.#host.mayDial) return;
    if (!this.#isSequential) this.#makePlaces(now);
    let allowed = this.window.allowance(this.#host.dialing, this.#host.open, now);
    if (this.#isSequential) allowed = this.#host.open === 0 ? Math.min(1, allowed) : 0;
    let any = false;
    for (; allowed > 0 && this.waiting > 0; allowed--) {
      const isNew = this.addresses.newWaiting > 0;
      if (!isNew && !this.window.mayRedial(now)) break;
      const address = isNew ? this.addresses.nextNew() : this.addresses.nextLost();
      any = true;
      if (address !== null) this.#dial(address, isNew);
    }
    if (any) this.pump();
    else if (this.addresses.newWaiting > 0) this.#pumpLater(this.window.waitMs(now));
  }

  #dial(address: PeerAddress, isNew: boolean): void {
    const way = this.#families?.wayTo(address.host, this.#world.clock()) ?? 'open';
    if (this.#host.inPlay(address.peer)) return;
    if (way !== 'open') return this.#host.lose(address, 'unreachable', withoutFamily(address.host));
    this.#host.dial(address);
    if (isNew) return this.window.spend();
    this.window.spendRedial();
    this.#redials.set(address.peer, address);
  }

  /** New addresses wait for a place, and lost ones have it: those wait again. */
  #makePlaces(now: number): void {
    let missing = this.window.missingPlaces(this.#host.dialing, this.#host.open, now);
    missing = Math.min(missing, this.addresses.newWaiting, DIALS_PER_TURN);
    for (const [peer, address] of this.#redials) {
      if (missing-- <= 0) return;
      this.#host.withdraw(peer);
      this.addresses.addAgain(address);
    }
  }

  /** Those that are in play stay. */
  #forget(peers: readonly PeerIndex[]): ShardEvent {
    const kept = peers.filter((peer) => this.#host.inPlay(peer));
    const gone = peers.filter((peer) => !this.#host.inPlay(peer));
    this.addresses.forget(gone);
    this.#approaches.forget(gone);
    return { type: 'forgotten', peers: gone, kept };
  }

  /** Only the dial rate holds the next dials back: go on when it allows a turn's worth, not at the next tick. */
  #pumpLater(ms: number): void {
    if (ms === 0 || ms >= TICK_MS) return;
    this.#scheduled = true;
    this.#world.later(ms, () => {
      this.#scheduled = false;
      this.pump();
    });
  }
}

function withoutFamily(host: string): string {
  return `no way to IPv${familyOf(host)} from here`;
}
