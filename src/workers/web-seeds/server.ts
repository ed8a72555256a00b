/**
 * The host behind the web seeds of one torrent or several: how many connections it accepts, which torrent has them, and when it
 * may be asked again after a failure. A wait that it asks for holds for all torrents.
 */
import { WEB_SEED_BACKOFF_MAX_MS, WEB_SEED_CONNECTIONS, WEB_SEED_IDLE_MS } from '../../shared/limits.ts';
import { BackOff } from './back-off.ts';

/** A torrent that waits for a connection asks again and again. If it has not asked for this long, it no longer wants one. */
const WISH_MS = 3 * WEB_SEED_IDLE_MS;

/** A torrent that wants connections to the server. */
interface Contender {
  /** When it last wanted a connection and had to wait. */
  readonly wishedAt: number;
  /** True if this torrent gets the next free connection before the other one. */
  comesBefore(other: Contender): boolean;
}

export class Server {
  readonly #contenders = new Set<Contender>();
  readonly #backOff = new BackOff();
  /** Requests in progress, and how many of them receive bytes. */
  #working = 0;
  #giving = 0;
  /** The most connections it accepts now: it refused one more while others received bytes. */
  #most = WEB_SEED_CONNECTIONS;
  #fewerUntil = 0;
  /** True if it could not be reached the last time. */
  #isAway = false;
  /** How many requests have started in total. */
  #begun = 0;
  /** Why it will probably never answer. It is asked anyway. */
  lostTo: string | null = null;

  join(contender: Contender): void {
    this.#contenders.add(contender);
  }

  /** The torrent has no more requests in progress. */
  leave(contender: Contender): void {
    this.#contenders.delete(contender);
  }

  get isUsed(): boolean {
    return this.#contenders.size > 0;
  }

  /** True while bytes arrive from it, for any torrent. */
  get isGiving(): boolean {
    return this.#giving > 0;
  }

  /** True while it may not be asked. */
  isWaiting(now: number): boolean {
    return now < this.#backOff.until;
  }

  /** Whether one more request of this torrent may start. After a failure, a single request tests the server. */
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

  end(): void {
    this.#working -= 1;
  }

  /** A request receives its first bytes. `givesNoMore` follows before `end`. */
  gives(): void {
    this.#giving += 1;
    this.lostTo = null;
    this.#isAway = false;
    this.#backOff.succeeded();
  }

  /** A request that received bytes has failed or ended. */
  givesNoMore(): void {
    this.#giving -= 1;
  }

  /** The network is back after a time in which no server could be reached. A server that was busy keeps its wait. */
  networkCameBack(): void {
    if (this.#isAway) this.#backOff.hurry();
  }

  /** It refused one more request while others receive bytes: it gets no more than those for a while. */
  wantsFewer(now: number): void {
    this.#most = this.#giving;
    this.#fewerUntil = now + WEB_SEED_BACKOFF_MAX_MS;
  }

  /** A request failed while none receives bytes; `answered`: the server answered. Returns for how many milliseconds it is not asked. */
  failed(now: number, answered: boolean, retryAfterMs: number | null): number {
    this.#isAway = !answered;
    this.#backOff.failed(now, retryAfterMs);
    return this.#backOff.until - now;
  }
}
