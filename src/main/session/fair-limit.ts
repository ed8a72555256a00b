/** How much of a budget each of several torrents may use, where some need less than an equal part. */

/**
 * The limit for each: so high that all together use the whole budget. What one torrent does not need, the others may use.
 * `total`: 0 is no limit. `needs`: how much each could use now. Returns at least 1.
 */
export function fairLimit(total: number, needs: readonly number[]): number {
  if (total === 0) return 0;
  const ascending = needs.toSorted((a, b) => a - b);
  let left = total;
  for (const [i, need] of ascending.entries()) {
    const part = left / (ascending.length - i);
    if (need > part) return Math.max(1, Math.ceil(part));
    left -= need;
  }
  return total;
}
