/**
 * Dials the addresses of a shard as fast as it may, a few in each turn of the event loop, so that answers are read between
 * them.
 */
import { SEQUENTIAL_EXCHANGE_MS, TICK_MS } from '../shared/limits.ts';
import type { PeerAddress, ShardTask } from '../shared/messages.ts';
import { AddressBook } from './address-book.ts';
import { DialWindow } from './dial-window.ts';
import type { PeerHost } from './peer/peer-host.ts';
import type { ShardWorld } from './shard-world.ts';

type DialPlan = Pick<ShardTask<unknown>, 'share' | 'strategy'>;

/** What the dialler asks its shard. */
export interface DiallerHost {
  /** Peers are wanted at all. */
  readonly mayDial: boolean;
  readonly dialing: number;
  readonly open: number;
  guard(work: () => void): void;
  /** Dials the address; false where it is in play already. */
  dial(address: PeerAddress): boolean;
}

export class Dialler {
  readonly addresses = new AddressBook();
  readonly window: DialWindow;
  readonly #host: DiallerHost;
  readonly #world: ShardWorld;
  /** One exchange after the other. */
  readonly #isSequential: boolean;
  #scheduled = false;

  constructor({ share, strategy }: DialPlan, host: DiallerHost, world: ShardWorld) {
    this.window = new DialWindow(share, world.clock());
    this.#isSequential = strategy === 'sequential';
    this.#host = host;
    this.#world = world;
  }

  /** Addresses that could be dialled now. */
  get waiting(): number {
    return this.#host.mayDial ? this.addresses.waiting : 0;
  }

  /** For the shard's counters. */
  get counts(): { readonly queued: number; readonly shortages: number } {
    return { queued: this.addresses.waiting, shortages: this.window.shortages };
  }

  /** What the peers of one tick must keep to, given how many addresses wait. */
  deadlines(chokedTimeoutMs: number): PeerHost['deadlines'] {
    const { waiting } = this;
    return {
      connectTimeoutMs: this.window.connectTimeoutMs(waiting),
      chokedTimeoutMs,
      slotNeeded: this.window.slotNeeded(waiting, this.#host.open),
      exchangeTimeoutMs: this.#isSequential ? SEQUENTIAL_EXCHANGE_MS : Number.POSITIVE_INFINITY,
    };
  }

  /** Before all others, or behind them. */
  again(address: PeerAddress, when: 'at once' | 'in turn'): void {
    if (when === 'at once') this.addresses.addFirst(address);
    else this.addresses.add([address]);
    this.pump();
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

  #dialSome(): void {
    const now = this.#world.clock();
    let allowed = this.window.allowance(this.#host.dialing, this.#host.open, now);
    if (this.#isSequential) allowed = this.#host.open === 0 ? 1 : 0;
    const any = allowed > 0;
    for (; allowed > 0 && this.waiting > 0; allowed--) {
      const address = this.addresses.next();
      if (address !== null && this.#host.dial(address)) this.window.spend();
    }
    if (any) this.pump();
    else this.#pumpLater(this.window.waitMs(now));
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
