/**
 * What the line to the outside can: the rate while something was being fetched all the time. The average over all time would be less for a
 * node that waits for work, so it would be given less work, and wait longer.
 */
import { RateMeter } from '../download/rate-meter.ts';

/** So long something must have been in work. */
const MEASURED_MS = 1_000;

export class LineRate {
  #meter = new RateMeter();
  #bytes = 0;
  #at = 0;
  #wasBusy = false;
  #busyMs = 0;
  #busyBytes = 0;
  /** Bytes per second while it was busy, when that was last measured. */
  #measured = 0;

  /** `bytes`: that have come from outside so far. */
  sample(bytes: number, isBusy: boolean, now: number): void {
    this.#meter.sample(bytes, now);
    if (isBusy && this.#wasBusy) {
      this.#busyMs += now - this.#at;
      this.#busyBytes += bytes - this.#bytes;
    }
    if (this.#busyMs >= MEASURED_MS) {
      this.#measured = (Math.max(0, this.#busyBytes) * 1_000) / this.#busyMs;
      [this.#busyMs, this.#busyBytes] = [0, 0];
    }
    this.#wasBusy = isBusy;
    this.#bytes = bytes;
    this.#at = now;
  }

  /** Nothing could be seen for a while: that is no time in which the line brought nothing. */
  restart(): void {
    this.#meter = new RateMeter();
    this.#wasBusy = false;
  }

  /** Bytes per second, as they came lately. */
  get average(): number {
    return Math.max(0, this.#meter.perSecond);
  }

  /** Bytes per second that it could bring. */
  get capacity(): number {
    return Math.max(this.average, this.#measured);
  }
}
