/** What of a download is on disk already, at its start. */
import type { PieceIndex } from '../shared/indices.ts';
import type { HashPool } from './hash-pool.ts';
import { readJournal } from './journal.ts';
import { resumePlan } from './resume.ts';
import type { StoragePlan } from './storage.ts';
import type { Metainfo } from './torrent/metainfo.ts';

export interface DiskCheckListener {
  onGood(piece: PieceIndex): void;
  /** Pieces hashed so far, and in all. */
  onChecked(pieces: number, total: number): void;
}

/**
 * Believes the journal as far as it may be believed, and hashes the rest of what is there. Resolves to the number of pieces
 * that no journal spoke for. Rejects with a `disk` failure.
 */
export async function checkDisk(
  hashers: HashPool,
  plan: StoragePlan,
  metainfo: Metainfo,
  listener: DiskCheckListener,
): Promise<number> {
  const resume = resumePlan(readJournal(plan, metainfo), plan, metainfo.geometry);
  const failed = new Set<PieceIndex>();
  await hashers.scan(
    'check',
    (result) => {
      if (result.type === 'checked')
        for (const piece of [...result.bad, ...result.missing]) failed.add(piece);
    },
    [...resume.probes].sort((a, b) => a - b),
  );
  const { verified, check } = resume.sort(failed);
  for (const piece of verified) listener.onGood(piece);
  let checked = 0;
  await hashers.scan(
    'check',
    (result) => {
      if (result.type !== 'checked') return;
      for (const piece of result.good) listener.onGood(piece);
      checked += result.good.length + result.bad.length + result.missing.length;
      listener.onChecked(checked, check.length);
    },
    check,
  );
  return check.length;
}
