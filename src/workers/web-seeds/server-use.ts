/**
 * One torrent's part in a server. The connections that a server takes go round among the torrents that want one; a failure that
 * is about the files of one torrent keeps no other waiting.
 */
import { BackOff } from './back-off.ts';
import type { ServerBusy } from './range-answer.ts';
import type { Server } from './server.ts';

export class ServerUse {
  readonly #server: Server;
  /** After failures that are about files of this torrent. */
  readonly #backOff = new BackOff();
  #working = 0;
  #giving = 0;
  /** The number of the server's last request that was ours. */
  #lastTurn = 0;
  /** When it last wanted a connection and had to wait. */
  wishedAt = Number.NEGATIVE_INFINITY;

  constructor(server: Server) {
    this.#server = server;
    server.join(this);
  }

  /** The torrent is through with the server. */
  leave(): void {
    this.#server.leave(this);
  }

  /** No request of this torrent is under way. */
  get isFree(): boolean {
    return this.#working === 0;
  }

  /** Bytes come for this torrent at this moment. */
  get isGiving(): boolean {
    return this.#giving > 0;
  }

  /** Why the server will hardly ever answer; it is asked all the same. */
  get lostTo(): string | null {
    return this.#server.lostTo;
  }

  hardlyAnswers(reason: string): void {
    this.#server.lostTo = reason;
  }

  /** Fewer connections first; of those that have as many, the one whose turn was longer ago. */
  comesBefore(other: ServerUse): boolean {
    if (this.#working !== other.#working) return this.#working < other.#working;
    return this.#lastTurn < other.#lastTurn;
  }

  /** One more request may begin. `wants`: there is something that it would ask for. */
  mayBegin(now: number, wants: () => boolean): boolean {
    if (now < this.#backOff.until) return false;
    const may = this.#server.mayBegin(this, now);
    this.wishedAt = !may && wants() ? now : Number.NEGATIVE_INFINITY;
    return may;
  }

  begin(): void {
    this.#working += 1;
    this.#lastTurn = this.#server.begin();
  }

  /** `gave`: as `gives` was called for it. */
  end(gave: boolean): void {
    this.#working -= 1;
    if (gave) this.#giving -= 1;
    this.#server.end(gave);
  }

  /** A request brings its first bytes. */
  gives(): void {
    this.#giving += 1;
    this.#backOff.succeeded();
    this.#server.gives();
  }

  /** The server gives again, and with it the network is back. */
  networkCameBack(): void {
    this.#server.networkCameBack();
  }

  /**
   * A request failed; `busy`: by this answer of the server, null where it gave none. Returns how long the server is left alone,
   * in milliseconds; 0 where others go on.
   */
  failed(now: number, busy: ServerBusy | null): number {
    const retryAfterMs = busy?.retryAfterMs ?? null;
    if (!this.#server.isGiving) return this.#server.failed(now, busy !== null, retryAfterMs);
    if (this.isGiving || busy === null || busy.ofServer) {
      this.#server.wantsFewer(now);
      return 0;
    }
    // Others get their files from it: this one has trouble with ours.
    this.#backOff.failed(now, retryAfterMs);
    return this.#backOff.until - now;
  }
}
