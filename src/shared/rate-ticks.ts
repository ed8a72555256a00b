/** While something waits for a rate limit, looks at it several times a second. */
import { RATE_TURN_MS } from './limits.ts';

export class RateTicks {
  readonly #later: (ms: number, work: () => void) => void;
  readonly #tick: () => boolean;
  #isOn = false;

  /** `tick`: returns true while something still waits. */
  constructor(later: (ms: number, work: () => void) => void, tick: () => boolean) {
    this.#later = later;
    this.#tick = tick;
  }

  /** Something waits. */
  begin(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#later(RATE_TURN_MS, () => {
      this.#isOn = false;
      if (this.#tick()) this.begin();
    });
  }
}
