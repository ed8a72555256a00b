/** `--save-torrent`: keeps the torrent of a magnet link as a file, and a torrent with the piece layers (BEP 52) that its file lacked. */
import { Failure } from '../failure.ts';
import { saveTorrent } from '../torrent/from-metadata.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { Source } from '../torrent/source.ts';

/**
 * Saves a magnet link at once, and a hybrid (once more) when its piece layers have come: its download does not wait for them. `layers`:
 * null if none was missing. Throws a `disk` failure, and a `usage` failure for a plain file; `onLater` gets that of the second time.
 */
export function saveSource(
  file: string,
  source: Source,
  metainfo: Metainfo,
  layers: Promise<void> | null,
  onLater: (error: unknown) => void,
): void {
  if (metainfo.plainFile !== null)
    throw new Failure('usage', '--save-torrent: a plain file has no torrent; unchoke create makes one of it');
  const isHybrid = metainfo.version2 !== null && metainfo.pieceHashes.length > 0;
  const isNew = source.kind === 'magnet' || (layers !== null && !isHybrid);
  if (isNew) saveTorrent(file, metainfo);
  if (isHybrid) layers?.then(() => saveTorrent(file, metainfo)).catch(onLater);
}
