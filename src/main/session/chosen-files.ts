/** Which files of a torrent the user wants. */
import type { Metainfo } from '../torrent/metainfo.ts';
import { selectFiles } from '../torrent/selection.ts';
import type { Source } from '../torrent/source.ts';
import { saveSource } from './save-torrent.ts';
import type { TorrentSettings } from './settings.ts';
import type { TorrentRunOptions } from './torrent-run-options.ts';

/**
 * Null: all files. Rejects with a `usage` failure if there is no such file. `mayWrite`: then a torrent that is to be saved is saved all the
 * same, because to find the metadata of a link may have taken long.
 */
export async function chosenFiles(
  metainfo: Metainfo,
  source: Source,
  { select, saveTorrent: file }: Pick<TorrentSettings, 'select' | 'saveTorrent'>,
  by: {
    readonly choose: TorrentRunOptions['choose'];
    readonly mayWrite: boolean;
    readonly onNews: (text: string) => void;
  },
): Promise<ReadonlySet<number> | null> {
  try {
    const given = (await by.choose?.(metainfo)) ?? select;
    return await selectFiles(metainfo, source, given, by.onNews);
  } catch (error) {
    if (by.mayWrite && file !== null) saveSource(file, source, metainfo, null, () => {});
    throw error;
  }
}
