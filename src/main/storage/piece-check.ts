/** Hashes pieces that are on disk, for every command that checks data. */
import type { PieceIndex } from '../../shared/indices.ts';
import type { StorageResult } from '../../shared/storage-messages.ts';
import type { StoredTorrent } from '../pools/stored-torrent.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { splitHybrid } from '../torrent/version2.ts';

export type CheckedPart = Pick<Extract<StorageResult, { type: 'checked' }>, 'good' | 'bad' | 'missing'>;

/**
 * `pieces`: ascending. `onPart` gets the result of each part, and how many pieces are done. Rejects with a `disk` failure, and with a
 * `bad-torrent` failure if the halves of a hybrid describe different data.
 */
export async function checkOnDisk(
  stored: StoredTorrent,
  metainfo: Metainfo,
  pieces: readonly PieceIndex[],
  onPart: (part: CheckedPart, done: number) => void,
): Promise<void> {
  let done = 0;
  await stored.scan(
    'check',
    (result) => {
      if (result.type !== 'checked') return;
      if (result.isSplit) throw splitHybrid(metainfo);
      done += result.good.length + result.bad.length + result.missing.length;
      onPart(result, done);
    },
    pieces,
  );
}
