/** What is left of a torrent, as trackers count. */
import type { StoragePlan } from './storage-plan.ts';

/**
 * Of the whole torrent (BEP 3), whatever was selected: what is not selected is never there, even where it shares a piece with
 * what is. A seed has none left.
 */
export function leftBytes(
  { files, padding }: Pick<StoragePlan, 'files' | 'padding'>,
  totalBytes: number,
  verifiedBytes: number,
): number {
  const kept = [...files, ...padding].reduce((sum, { length }) => sum + length, 0);
  return totalBytes - Math.min(kept, verifiedBytes);
}
