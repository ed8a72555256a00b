/**
 * How many bytes may be in flight: LEDBAT (BEP 29, RFC 6817). The window grows while packets arrive without delay, and shrinks
 * before a queue on the path is full, so that it does not disturb other traffic on the line.
 */
import { UTP_PAYLOAD_BYTES } from '../../../shared/limits.ts';

/** Target queueing delay: 100 ms (BEP 29), in microseconds. */
const TARGET_US = 100_000;
/** Bytes that the window gains in one round trip at most (libutp's number). */
const MAX_GAIN_BYTES = 3_000;
const FIRST_WINDOW_BYTES = 4 * UTP_PAYLOAD_BYTES;
/** The smallest delay of the last one to two of these periods counts: routes change. */
const BASE_DELAY_MS = 60_000;

export class Congestion {
  #window = FIRST_WINDOW_BYTES;
  #slowStart = true;
  #base: { readonly since: number; now: number; before: number } | null = null;

  /** Bytes that may be in flight. */
  get window(): number {
    return this.#window;
  }

  /**
   * Packets of `bytes` were acknowledged; `delay` is what the peer measured for our packets, 0 if it has not. `isLimit`: bytes waited
   * because of the window. Where something else holds them back, a limit or the peer, small delays say nothing about a larger window.
   */
  acknowledged(bytes: number, delay: number, isLimit: boolean, now: number): void {
    const queueing = delay === 0 ? 0 : this.#queueing(delay, now);
    if (this.#slowStart && queueing < TARGET_US / 2) {
      if (isLimit) this.#window += bytes;
      return;
    }
    this.#slowStart = false;
    const offTarget = Math.max(-1, (TARGET_US - queueing) / TARGET_US);
    if (offTarget > 0 && !isLimit) return;
    this.#resize(this.#window + (MAX_GAIN_BYTES * offTarget * bytes) / this.#window);
  }

  /** A packet was lost: half the window (BEP 29). */
  lost(): void {
    this.#slowStart = false;
    this.#resize(this.#window / 2);
  }

  /** Nothing comes back: start again. */
  timedOut(): void {
    this.#slowStart = false;
    this.#resize(0);
  }

  #resize(bytes: number): void {
    this.#window = Math.max(UTP_PAYLOAD_BYTES, bytes);
  }

  /** Microseconds above the smallest delay: the difference of the clocks at both ends is unknown. */
  #queueing(delay: number, now: number): number {
    const base = this.#base;
    if (base === null) {
      this.#base = { since: now, now: delay, before: delay };
      return 0;
    }
    if (now - base.since >= BASE_DELAY_MS) this.#base = { since: now, now: delay, before: base.now };
    else if (isLess(delay, base.now)) base.now = delay;
    const { now: least, before } = this.#base ?? base;
    return (delay - (isLess(before, least) ? before : least)) >>> 0;
  }
}

/** The smaller of two numbers modulo 2^32. */
function isLess(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
