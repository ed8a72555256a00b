/** The web-seed thread of a simulated session, which may die. Its servers are those of a `VirtualHttp`. */
import type { TaskLine } from '../../src/main/pools/task-threads.ts';
import type { WebSeedThreads } from '../../src/main/pools/web-seed-pool.ts';
import { WEB_SEED_TICK_MS } from '../../src/shared/limits.ts';
import { LivedClock } from '../../src/shared/lived-clock.ts';
import type { WebSeedCommand, WebSeedEvent, WebSeedTask } from '../../src/shared/web-seed-messages.ts';
import { WebSeedThread } from '../../src/workers/web-seeds/web-seed-thread.ts';
import { dice } from './dice.ts';
import type { ProcessLoop } from './process-loop.ts';
import type { VirtualHttp } from './virtual-http.ts';
import { VirtualLine } from './virtual-line.ts';

interface Life {
  readonly http: VirtualHttp;
  isDead: boolean;
  readonly die: (error: unknown) => void;
}

export class VirtualWebSeedThreads implements WebSeedThreads {
  #life: Life | null = null;
  #lives = 0;
  readonly #process: ProcessLoop;
  readonly #seed: number;
  readonly #http: () => VirtualHttp;
  readonly #onBug: (error: unknown) => void;

  /** `http`: the servers, as a new thread sees them. */
  constructor(process: ProcessLoop, seed: number, http: () => VirtualHttp, onBug: (error: unknown) => void) {
    this.#process = process;
    this.#seed = seed;
    this.#http = http;
    this.#onBug = onBug;
  }

  get isAlive(): boolean {
    return this.#life?.isDead === false;
  }

  get http(): VirtualHttp | null {
    return this.#life?.http ?? null;
  }

  start(
    { owner }: Omit<WebSeedTask<unknown>, 'port'>,
    hear: (event: WebSeedEvent) => void,
  ): TaskLine<WebSeedCommand> {
    const line = new VirtualLine(this.#process, dice(this.#seed + this.#lives++ * 104_729));
    const lived = new LivedClock(this.#process.now);
    const http = this.#http();
    let isClosed = false;
    let die = (_error: unknown): void => {};
    const death = new Promise<void>((_, reject) => {
      die = (error) => {
        life.isDead = true;
        http.freeze();
        line.up(null, () => reject(error));
      };
    });
    const life: Life = { http, isDead: false, die };
    const post = (event: WebSeedEvent): void => {
      if (life.isDead) return;
      line.up(event, (copy) => {
        if (!isClosed) hear(copy as WebSeedEvent);
      });
    };
    const thread = new WebSeedThread(owner, {
      visitor: http,
      clock: lived.now,
      sleep: (ms, signal) => this.#sleep(life, ms, signal),
      post,
    });
    const look = (): void => {
      if (life.isDead) return;
      lived.now();
      this.#process.loop.time.after(WEB_SEED_TICK_MS, look);
    };
    look();
    const done = thread.ended.then(
      () => {
        post({ type: 'stopped' });
        life.isDead = true;
      },
      (error: unknown) => {
        this.#onBug(error);
        die(error);
        return death;
      },
    );
    this.#life = life;
    return {
      ended: Promise.race([done, death]),
      post: (command) =>
        line.down(command, (copy) => {
          this.#process.loop.touch();
          if (!life.isDead) thread.command(copy as WebSeedCommand);
        }),
      close: () => {
        isClosed = true;
      },
    };
  }

  kill(): boolean {
    if (this.#life === null || this.#life.isDead) return false;
    this.#life.die(new Error('injected death of the web-seed thread'));
    return true;
  }

  /** The process is killed: nobody hears of it. */
  killAll(): void {
    if (this.#life !== null) this.#life.isDead = true;
    this.#life?.http.freeze();
  }

  async end(): Promise<void> {
    this.killAll();
  }

  #sleep(life: Life, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#process.loop.touch();
        if (!life.isDead) resolve();
      };
      if (signal.aborted) return wake();
      signal.addEventListener('abort', wake);
      this.#process.loop.time.after(ms, wake);
    });
  }
}
