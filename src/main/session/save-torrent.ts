/** `--save-torrent`: keeps the torrent of a magnet link as a file. */
import { saveTorrent } from '../torrent/from-metadata.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { Source } from '../torrent/source.ts';

/**
 * Saves it at once, and a hybrid once more when its piece layers have come (BEP 52): its download does not wait for them. Throws a
 * `disk` failure; `onLater` gets that of the second time.
 */
export function saveSource(
  file: string,
  source: Source,
  metainfo: Metainfo,
  layers: Promise<void>,
  onLater: (error: unknown) => void,
): void {
  if (source.kind !== 'magnet') return;
  const { magnet } = source;
  saveTorrent(file, magnet, metainfo);
  const isHybrid = metainfo.version2 !== null && metainfo.pieceHashes.length > 0;
  if (isHybrid) layers.then(() => saveTorrent(file, magnet, metainfo)).catch(onLater);
}
