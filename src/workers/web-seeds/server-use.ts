/**
 * One torrent's use of a server. The torrents share the connections of a server in turns. A failure that concerns only the files
 * of one torrent does not make the others wait.
 */
import { BackOff } from './back-off.ts';
import type { ServerBusy } from './range-answer.ts';
import type { Server } from './server.ts';

export class ServerUse {
  readonly #server: Server;
  /** Back-off after failures that concern files of this torrent. */
  readonly #backOff = new BackOff();
  #working = 0;
  #giving = 0;
  /** The number of this torrent's last request among all requests to the server. */
  #lastTurn = 0;
  /** When the torrent last wanted a connection and had to wait. */
  wishedAt = Number.NEGATIVE_INFINITY;

  constructor(server: Server) {
    this.#server = server;
    server.join(this);
  }

  /** The torrent no longer uses the server. */
  leave(): void {
    this.#server.leave(this);
  }

  /** True if this torrent has no request in progress. */
  get isFree(): boolean {
    return this.#working === 0;
  }

  /** True while bytes arrive for this torrent. */
  get isGiving(): boolean {
    return this.#giving > 0;
  }

  /** Why the server will probably never answer. It is asked anyway. */
  get lostTo(): string | null {
    return this.#server.lostTo;
  }

  hardlyAnswers(reason: string): void {
    this.#server.lostTo = reason;
  }

  /** The torrent with fewer connections goes first; with equal numbers, the one whose last request is older. */
  comesBefore(other: ServerUse): boolean {
    if (this.#working !== other.#working) return this.#working < other.#working;
    return this.#lastTurn < other.#lastTurn;
  }

  /** Whether one more request may start. `wants`: the torrent has something to request. */
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

  end(): void {
    this.#working -= 1;
    this.#server.end();
  }

  /** A request receives its first bytes. `givesNoMore` follows before `end`. */
  gives(): void {
    this.#giving += 1;
    this.#backOff.succeeded();
    this.#server.gives();
  }

  /** A request that received bytes has failed or ended. */
  givesNoMore(): void {
    this.#giving -= 1;
    this.#server.givesNoMore();
  }

  /** The server answers again, so the network is back. */
  networkCameBack(): void {
    this.#server.networkCameBack();
  }

  /**
   * A request failed. `busy`: the server's answer; null if there was none. Returns for how many milliseconds the server is not
   * asked; 0 if other requests go on.
   */
  failed(now: number, busy: ServerBusy | null): number {
    const retryAfterMs = busy?.retryAfterMs ?? null;
    if (!this.#server.isGiving) return this.#server.failed(now, busy !== null, retryAfterMs);
    if (this.isGiving || busy === null || busy.ofServer) {
      this.#server.wantsFewer(now);
      return 0;
    }
    // Other torrents get their files from this server, so only our files are the problem.
    this.#backOff.failed(now, retryAfterMs);
    return this.#backOff.until - now;
  }
}
