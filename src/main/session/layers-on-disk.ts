/** Piece layers (BEP 52) of data that is on disk already: for complete data no peer is needed. */
import { join } from 'node:path';
import type { PieceIndex } from '../../shared/indices.ts';
import { lookAt } from '../files/disk-failure.ts';
import { layersFromData } from '../storage/layers-from-data.ts';
import { journalName } from '../storage/names/name-beside.ts';
import { storagePlan } from '../storage/storage-plan.ts';
import { hashesOf, type Metainfo, unlayeredFiles } from '../torrent/metainfo.ts';
import type { TorrentSwarm } from './torrent-swarm.ts';

export interface LayersOnDiskOptions {
  readonly output: string;
  readonly signal: AbortSignal;
  /** Pieces hashed so far, and their total. */
  readonly onHashed: (pieces: number, total: number) => void;
}

/** Hashes the files that are there with their whole length and lack a layer. Rejects with a `disk` failure; ends early by `signal`. */
export async function layersOnDisk(
  metainfo: Metainfo,
  { session, race }: TorrentSwarm,
  { output, signal, onHashed }: LayersOnDiskOptions,
): Promise<void> {
  const { files: system } = session.world;
  const plan = storagePlan(metainfo, output, null, system);
  // A download that was begun has files of the whole length, and most of them are not complete.
  if (lookAt(join(plan.folder, journalName(plan.root)), system) !== null) return;
  const lacking = new Set(unlayeredFiles(metainfo).map(({ offset }) => offset));
  const whole = plan.files.filter(({ path, offset, length }) => {
    const stats = length > 0 && lacking.has(offset) ? lookAt(path, system) : null;
    return stats?.isFile() === true && Number(stats.size) === length;
  });
  if (whole.length === 0) return;
  const { geometry } = metainfo;
  const { files, padding } = plan;
  const hashes = hashesOf(metainfo);
  const stored = session.storage.register(race.torrent, { arena: null, geometry, hashes, files, padding });
  const stop = (): void => void stored.close();
  signal.addEventListener('abort', stop);
  const total = whole.reduce((sum, { length }) => sum + Math.ceil(length / geometry.pieceLength), 0);
  let hashed = 0;
  try {
    await layersFromData(stored, metainfo, {
      whole,
      onHashed: (pieces: readonly PieceIndex[]) => {
        hashed += pieces.length;
        onHashed(hashed, total);
      },
    });
  } finally {
    signal.removeEventListener('abort', stop);
    await stored.close();
  }
}
