/** How much of a torrent is left, as trackers count it. */
import type { StoragePlan } from './storage-plan.ts';

/**
 * Of the whole torrent (BEP 3), whatever was selected: files that are not selected always count as missing, even if they share
 * a piece with selected ones. A seed has none left.
 */
export function leftBytes(
  { files, padding }: Pick<StoragePlan, 'files' | 'padding'>,
  totalBytes: number,
  verifiedBytes: number,
): number {
  const kept = [...files, ...padding].reduce((sum, { length }) => sum + length, 0);
  return totalBytes - Math.min(kept, verifiedBytes);
}
