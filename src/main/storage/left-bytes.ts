/** The bytes of a torrent that are left, as trackers count them. */
import type { StoragePlan } from './storage-plan.ts';

/**
 * Counts the whole torrent (BEP 3): files that are not selected always count as missing, even if they share a piece with selected
 * ones. A seed has no bytes left.
 */
export function leftBytes(
  { files }: Pick<StoragePlan, 'files'>,
  totalBytes: number,
  verifiedBytes: number,
): number {
  const kept = files.reduce((sum, { length }) => sum + length, 0);
  return totalBytes - Math.min(kept, verifiedBytes);
}
