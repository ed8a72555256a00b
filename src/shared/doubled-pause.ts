/** Pauses that grow. */

/** Milliseconds to wait after so many failures in a row, from 1: the first pause, doubled for each further one, and never more than `mostMs`. */
export function doubledPause(firstMs: number, failures: number, mostMs: number): number {
  return Math.min(firstMs * 2 ** (failures - 1), mostMs);
}
