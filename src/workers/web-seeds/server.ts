/** The host behind one or more web seeds: how many connections it takes, and when it may be asked again after a failure. */
import { WEB_SEED_BACKOFF_MAX_MS, WEB_SEED_CONNECTIONS } from '../../shared/limits.ts';
import { BackOff } from './back-off.ts';

export class Server {
  readonly #backOff = new BackOff();
  /** Requests under way, and those of them that bring bytes. */
  #working = 0;
  #giving = 0;
  /** It refused a connection while others brought bytes: it wants no more than those, for a while. */
  #most = WEB_SEED_CONNECTIONS;
  #fewerUntil = 0;
  /** It could not be reached, the last time. */
  #isAway = false;
  /** Why it will hardly ever answer; it is asked all the same. */
  lostTo: string | null = null;

  /** No request to it is under way. */
  get isFree(): boolean {
    return this.#working === 0;
  }

  /** Bytes come from it at this moment. */
  get isGiving(): boolean {
    return this.#giving > 0;
  }

  /** One more request may begin. After a failure one alone finds out whether it is over. */
  mayBegin(now: number): boolean {
    if (now < this.#backOff.until) return false;
    if (now >= this.#fewerUntil) this.#most = WEB_SEED_CONNECTIONS;
    return this.#working < (this.#backOff.failures > 0 ? 1 : this.#most);
  }

  begin(): void {
    this.#working += 1;
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

  /** A request failed; `answered`: by a word of the server that it is busy. Returns how long the server is left alone, in milliseconds; 0 where others go on. */
  failed(now: number, answered: boolean, retryAfterMs: number | null): number {
    if (this.isGiving) {
      this.#most = this.#giving;
      this.#fewerUntil = now + WEB_SEED_BACKOFF_MAX_MS;
      return 0;
    }
    this.#isAway = !answered;
    this.#backOff.failed(now, retryAfterMs);
    return this.#backOff.until - now;
  }
}
