/**
 * The host behind web seeds, of one torrent or several: how many connections it takes, who has them, and when it may be asked
 * again after a failure. What it answers to one torrent holds for all: none asks a server that wants to be left alone.
 */
import { WEB_SEED_BACKOFF_MAX_MS, WEB_SEED_CONNECTIONS, WEB_SEED_IDLE_MS } from '../../shared/limits.ts';
import { BackOff } from './back-off.ts';

/** A torrent that waits for a place asks again and again; one that has not asked for this long wants none. */
const WISH_MS = 3 * WEB_SEED_IDLE_MS;

/** A torrent that asks the server for its files. */
interface Contender {
  /** When it last wanted a connection and had to wait. */
  readonly wishedAt: number;
  /** The next connection that becomes free is for this torrent rather than for the other. */
  comesBefore(other: Contender): boolean;
}

export class Server {
  readonly #contenders = new Set<Contender>();
  readonly #backOff = new BackOff();
  /** Requests under way, and those of them that bring bytes. */
  #working = 0;
  #giving = 0;
  /** It refused a connection while others brought bytes: it wants no more than those, for a while. */
  #most = WEB_SEED_CONNECTIONS;
  #fewerUntil = 0;
  /** It could not be reached, the last time. */
  #isAway = false;
  /** Requests that have begun, ever. */
  #begun = 0;
  /** Why it will hardly ever answer; it is asked all the same. */
  lostTo: string | null = null;

  join(contender: Contender): void {
    this.#contenders.add(contender);
  }

  /** No request of this torrent is under way any more. */
  leave(contender: Contender): void {
    this.#contenders.delete(contender);
  }

  get isUsed(): boolean {
    return this.#contenders.size > 0;
  }

  /** Bytes come from it at this moment, for whatever torrent. */
  get isGiving(): boolean {
    return this.#giving > 0;
  }

  /** It is to be left alone still. */
  isWaiting(now: number): boolean {
    return now < this.#backOff.until;
  }

  /** One more request of this torrent may begin. After a failure one alone finds out whether it is over. */
  mayBegin(contender: Contender, now: number): boolean {
    if (this.isWaiting(now)) return false;
    if (now >= this.#fewerUntil) this.#most = WEB_SEED_CONNECTIONS;
    if (this.#working >= (this.#backOff.failures > 0 ? 1 : this.#most)) return false;
    for (const other of this.#contenders)
      if (other !== contender && now - other.wishedAt <= WISH_MS && other.comesBefore(contender))
        return false;
    return true;
  }

  /** Returns the number of this request. */
  begin(): number {
    this.#working += 1;
    this.#begun += 1;
    return this.#begun;
  }

  /** `gave`: as `gives` was called for it. */
  end(gave: boolean): void {
    this.#working -= 1;
    if (gave) this.#giving -= 1;
  }

  /** A request brings its first bytes. */
  gives(): void {
    this.#giving += 1;
    this.lostTo = null;
    this.#isAway = false;
    this.#backOff.succeeded();
  }

  /** The network is back, after a time in which no server could be reached. A server that was busy keeps its wait. */
  networkCameBack(): void {
    if (this.#isAway) this.#backOff.hurry();
  }

  /** It refused one more request while others bring bytes: it gets no more than those. */
  wantsFewer(now: number): void {
    this.#most = this.#giving;
    this.#fewerUntil = now + WEB_SEED_BACKOFF_MAX_MS;
  }

  /** A request failed while none brings bytes; `answered`: by a word of the server. Returns how long it is left alone, in milliseconds. */
  failed(now: number, answered: boolean, retryAfterMs: number | null): number {
    this.#isAway = !answered;
    this.#backOff.failed(now, retryAfterMs);
    return this.#backOff.until - now;
  }
}
