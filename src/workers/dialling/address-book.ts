/**
 * The addresses of a shard that are not in play: new ones, those that were sent home because others won the race, and lost ones,
 * which are tried again while the shard lives. New addresses come first: a lost one takes their place only if it gave data before,
 * for it is worth more than an address of which nothing is known. Addresses that made room for others take turns with the lost ones.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import { comebackOf } from '../../shared/comeback.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  EAGER_REDIAL_MS,
  NAMED_AGAIN_MS,
  OUTAGE_PROBE_MS,
  OUTAGE_REDIAL_MS,
  RECONNECT_GIVER_MS,
  RECONNECT_JITTER_PERCENT,
  RECONNECT_MAX_MS,
  RECONNECT_MS,
  RULE_BREAKER_MAX_MS,
  RULE_BREAKER_MS,
} from '../../shared/limits.ts';
import type { PeerAddress } from '../../shared/messages.ts';
import { AddressQueue } from './address-queue.ts';

interface Retry {
  readonly address: PeerAddress;
  readonly lostAt: number;
  readonly code: CloseCode;
  at: number;
}

export class AddressBook {
  /** New ones, and lost ones that gave data. */
  readonly #new = new AddressQueue();
  /** They were in play and made room for others. */
  readonly #madeRoom = new AddressQueue();
  /** They were lost and are due for another try. */
  readonly #due = new AddressQueue();
  #sentHome: PeerAddress[] = [];
  readonly #retries = new Map<PeerIndex, Retry>();
  /** The earliest time of the next retry. */
  #nextAt = Number.POSITIVE_INFINITY;
  readonly #banished = new Set<PeerIndex>();
  /** Failed tries in a row. */
  readonly #attempts = new Map<PeerIndex, number>();
  /** Peers that gave data once: when they are lost, they are dialled again before all new addresses. */
  readonly #proven = new Set<PeerIndex>();
  readonly #random: () => number;
  #wasLostTurn = false;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Addresses that could be dialled now and come before the lost ones. */
  get newWaiting(): number {
    return this.#new.size + this.#madeRoom.size;
  }

  /** All addresses that could be dialled now, including lost ones. */
  get waiting(): number {
    return this.newWaiting + this.#due.size;
  }

  /** True if no address waits and none was lost. */
  get isEmpty(): boolean {
    return this.waiting === 0 && this.#retries.size === 0;
  }

  get whoWaits(): 'none' | 'lost' | 'new' {
    if (this.newWaiting > 0) return 'new';
    return this.#due.size > 0 ? 'lost' : 'none';
  }

  /** Addresses from main: everything that was held against them before is forgotten. */
  add(addresses: readonly PeerAddress[]): void {
    for (const address of addresses) {
      this.#banished.delete(address.peer);
      this.#attempts.delete(address.peer);
      this.#retries.delete(address.peer);
      this.#new.add(address);
    }
  }

  /** Peers of a shard that died: they were lost at an unknown time. */
  addLost(addresses: readonly PeerAddress[], now: number): void {
    for (const address of addresses) this.retryLater(address, 'connect-failed', now);
  }

  /** Puts it before all others. */
  addFirst(address: PeerAddress): void {
    this.#new.addFirst(address);
  }

  /** It waits for its turn again, among the lost or the new ones. */
  addAgain(address: PeerAddress): void {
    (this.isLost(address.peer) ? this.#due : this.#new).add(address);
  }

  /** True if it was lost before and gave no data since. */
  isLost(peer: PeerIndex): boolean {
    return this.#attempts.has(peer);
  }

  /** True if a lost address is next: no new one waits, and those that made room had the last turn or do not wait. */
  get isLostTurn(): boolean {
    if (this.#due.size === 0 || this.#new.size > 0) return false;
    return this.#madeRoom.size === 0 || !this.#wasLostTurn;
  }

  nextNew(): PeerAddress | null {
    if (this.#new.size > 0) return this.#new.next();
    this.#wasLostTurn = false;
    return this.#madeRoom.next();
  }

  nextLost(): PeerAddress | null {
    this.#wasLostTurn = true;
    return this.#due.next();
  }

  sendHome(address: PeerAddress): void {
    this.#sentHome.push(address);
  }

  /** All peers that were sent home may be dialled again. */
  resumeRace(): void {
    for (const address of this.#sentHome) this.#new.add(address);
    this.#sentHome = [];
  }

  /** Returns the milliseconds until the next try; null if there is none. */
  retryLater(address: PeerAddress, code: CloseCode, now: number): number | null {
    // Nothing was wrong with it: it is dialled again when there is room.
    if (code === 'surplus') {
      this.#madeRoom.add(address);
      return 0;
    }
    if (comebackOf(code) === 'never' || this.#banished.has(address.peer)) return null;
    const attempts = this.#attempts.get(address.peer) ?? 0;
    this.#attempts.set(address.peer, attempts + 1);
    const gave = attempts === 0 && this.#proven.has(address.peer);
    const usual = retryAfterMs(code, attempts, gave);
    const wait = Math.round(
      (address.eager === true ? Math.min(usual, EAGER_REDIAL_MS) : usual) * this.#jitter(),
    );
    this.#wait({ address, code, lostAt: now, at: now + wait });
    return wait;
  }

  /** A source named these lost peers again, so they may be there. But frequent naming must not make us dial them all the time. */
  named(peers: readonly PeerIndex[]): void {
    for (const peer of peers) {
      const retry = this.#retries.get(peer);
      if (retry !== undefined) this.#bringForward(retry, NAMED_AGAIN_MS);
    }
  }

  /** No peer is connected: now and then the one that was lost first is due, because the reason for its wait may be gone. */
  probe(now: number): void {
    if (now - this.#probedAt < OUTAGE_PROBE_MS) return;
    this.#probedAt = now;
    let oldest: Retry | null = null;
    for (const retry of this.#retries.values())
      if (comebackOf(retry.code) !== 'rarely' && retry.lostAt < (oldest?.lostAt ?? now)) oldest = retry;
    if (oldest !== null && now - oldest.lostAt >= OUTAGE_REDIAL_MS) this.#bringForward(oldest, 0);
  }

  /** Our network was down, so the peers were not at fault: their next waits start from the shortest again. */
  networkBack(): void {
    for (const peer of this.#attempts.keys()) {
      const retry = this.#retries.get(peer);
      if (retry !== undefined && comebackOf(retry.code) === 'rarely') continue;
      this.#attempts.set(peer, 1);
      if (retry !== undefined) this.#bringForward(retry, RECONNECT_MS);
    }
  }

  /** Lost peers that match are due at once. */
  wake(matches: (address: PeerAddress) => boolean): void {
    for (const retry of this.#retries.values()) if (matches(retry.address)) this.#bringForward(retry, 0);
  }

  /** These peers are never dialled again. Returns the addresses of those that were waiting here. */
  banish(peers: readonly PeerIndex[]): PeerAddress[] {
    for (const peer of peers) this.#banished.add(peer);
    return this.#takeOut(this.#banished);
  }

  /** Forgets everything about these peers. */
  forget(peers: readonly PeerIndex[]): void {
    for (const peer of peers) {
      this.#attempts.delete(peer);
      this.#proven.delete(peer);
      this.#banished.delete(peer);
    }
    this.#takeOut(new Set(peers));
  }

  /** The peer proved useful: its next waits start from the shortest again. */
  forgive(peer: PeerIndex): void {
    this.#attempts.delete(peer);
    this.#proven.add(peer);
  }

  /** Puts retries that are due back into their queues. */
  tick(now: number): void {
    if (now < this.#nextAt) return;
    this.#nextAt = Number.POSITIVE_INFINITY;
    for (const retry of this.#retries.values()) {
      if (retry.at > now) {
        this.#nextAt = Math.min(this.#nextAt, retry.at);
        continue;
      }
      const { address, code } = retry;
      this.#retries.delete(address.peer);
      if (comebackOf(code) === 'made-room') this.#madeRoom.add(address);
      else if (this.#proven.has(address.peer)) this.#new.addFirst(address);
      else this.#due.add(address);
    }
  }

  #wait(retry: Retry): void {
    this.#retries.set(retry.address.peer, retry);
    this.#nextAt = Math.min(this.#nextAt, retry.at);
  }

  /** The retry comes sooner, but not before `afterMs` after the loss. */
  #bringForward(retry: Retry, afterMs: number): void {
    if (comebackOf(retry.code) === 'rarely') return;
    retry.at = Math.min(retry.at, retry.lostAt + afterMs);
    this.#nextAt = Math.min(this.#nextAt, retry.at);
  }

  #takeOut(peers: ReadonlySet<PeerIndex>): PeerAddress[] {
    const goes = ({ peer }: PeerAddress) => peers.has(peer);
    const queues = [this.#new, this.#madeRoom, this.#due];
    const waiting = [...queues.flatMap((queue) => queue.remove(goes)), ...this.#sentHome.filter(goes)];
    this.#sentHome = this.#sentHome.filter((address) => !goes(address));
    for (const peer of peers) {
      const retry = this.#retries.get(peer);
      if (retry !== undefined) waiting.push(retry.address);
      this.#retries.delete(peer);
    }
    return waiting;
  }

  /** A random factor, so that peers that were lost together do not come back together. */
  #jitter(): number {
    return 1 + ((this.#random() - 0.5) * 2 * RECONNECT_JITTER_PERCENT) / 100;
  }
}

/** Doubles with each failed try up to a limit; the tries never end. `gave`: the connection that has just ended gave data. */
function retryAfterMs(code: CloseCode, attempts: number, gave: boolean): number {
  if (gave && (code === 'closed-by-peer' || code === 'reset')) return RECONNECT_GIVER_MS;
  const [first, most] =
    comebackOf(code) === 'rarely' ? [RULE_BREAKER_MS, RULE_BREAKER_MAX_MS] : [RECONNECT_MS, RECONNECT_MAX_MS];
  return Math.min(first * 2 ** attempts, most);
}
