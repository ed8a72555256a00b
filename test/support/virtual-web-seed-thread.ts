/** The web-seed thread of a session in virtual time, for one torrent or several, over servers that a test decides. */
import type { TorrentId } from '../../src/shared/indices.ts';
import { webSeedsOwner } from '../../src/shared/slot-owner.ts';
import type { WebSeedCommand, WebSeedNews, WebSeedTorrent } from '../../src/shared/web-seed-messages.ts';
import { WebSeedThread } from '../../src/workers/web-seeds/web-seed-thread.ts';
import { Mortal } from './mortal.ts';
import { VirtualHttp } from './virtual-http.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Real clocks do not start at zero either. */
const EPOCH_MS = 10_000_000;
const STEP_MS = 50;

export class VirtualWebSeedThread {
  readonly time: VirtualTime;
  readonly http: VirtualHttp;
  readonly owner;
  readonly #thread: WebSeedThread;
  readonly #hearers = new Map<TorrentId, (news: WebSeedNews) => void>();
  #torrents = 0;
  readonly #life = new Mortal();

  /** `life`: how many such threads there were before this one. */
  constructor(time: VirtualTime, life = 0) {
    this.time = time;
    this.owner = webSeedsOwner(life);
    this.http = new VirtualHttp(time);
    this.#thread = new WebSeedThread(this.owner, {
      visitor: this.http,
      clock: () => EPOCH_MS + time.now(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
      post: (event) => {
        if (!this.#life.isDead && event.type !== 'stopped') this.#hearers.get(event.torrent)?.(event);
      },
    });
    // `stop` reports whether it ended well.
    this.#thread.ended.catch(() => {});
  }

  add(task: WebSeedTorrent, hear: (news: WebSeedNews) => void): TorrentId {
    this.#torrents += 1;
    const torrent = this.#torrents as TorrentId;
    this.#hearers.set(torrent, hear);
    this.command({ type: 'add', torrent, task });
    return torrent;
  }

  command(command: WebSeedCommand): void {
    this.#thread.command(command);
  }

  /** The thread dies now. Bytes that it has read are used. Nothing more arrives, and its timers do not fire. */
  kill(): void {
    this.#life.kill();
    this.http.freeze();
  }

  /** Ends all its work. */
  async stop(): Promise<void> {
    if (this.#life.isDead) return;
    this.command({ type: 'stop' });
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    this.#thread.ended.then(end, end);
    while (!ended) {
      this.time.run(STEP_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#thread.ended;
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        if (!this.#life.isDead) resolve();
      };
      if (signal.aborted) return wake();
      signal.addEventListener('abort', wake);
      this.time.after(ms, wake);
    });
  }
}
