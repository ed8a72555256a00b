/** The rate of a growing counter over the last few seconds. */
const WINDOW_MS = 4_000;

export class RateMeter {
  #samples: { readonly at: number; readonly total: number }[] = [];

  sample(total: number, now: number): void {
    this.#samples.push({ at: now, total });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > WINDOW_MS) this.#samples.shift();
  }

  get perSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    return ((last.total - first.total) * 1_000) / (last.at - first.at);
  }
}
