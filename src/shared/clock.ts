/**
 * Time as every thread and every process of one machine sees it: milliseconds of the monotonic clock.
 * `performance.now()` starts anew in each worker, so its values cannot be compared across threads.
 */
export type Clock = () => number;

/** Monotonic milliseconds, with fractions; comparable between threads, and between processes since one boot. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
