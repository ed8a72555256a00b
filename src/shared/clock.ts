/**
 * Time that all threads and processes of one machine share: milliseconds of the monotonic clock. `performance.now()` starts at
 * zero in each worker, so its values cannot be compared across threads.
 */
export type Clock = () => number;

/** Monotonic milliseconds, with fractions; comparable between threads, and between processes since one boot. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
