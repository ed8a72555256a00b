/**
 * Few reads of chunks at one time, of all torrents of a shard. The others wait in order, and without memory: with hundreds of peers,
 * the chunks of waiting reads would be more than the whole cache. Node does four reads of files at one time anyway.
 */
export class ReadTurns {
  readonly #most: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Does `read` when it is its turn. Settles as it does. */
  async take<Result>(read: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#most) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      // Its place passes to the next one.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
