/** The files of a torrent as web seeds have them (BEP 19). */
import type { WebSeedFile } from '../../shared/web-seed-messages.ts';
import type { Metainfo } from './metainfo.ts';

/** In the order of the torrent; those of length zero are left out, padding is marked. */
export function webSeedFiles({ files }: Metainfo): WebSeedFile[] {
  return files
    .filter(({ length }) => length > 0)
    .map(({ rawPath, offset, length, padding }) => ({
      suffix: rawPath.map(encodeURIComponent).join('/'),
      offset,
      length,
      padding,
    }));
}
