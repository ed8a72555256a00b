/** The files of a torrent as web seeds have them (BEP 19). */
import { bytesOfName } from '../../shared/byte-name.ts';
import { MAX_WEB_SEEDS } from '../../shared/limits.ts';
import type { WebSeedFile } from '../../shared/web-seed-messages.ts';
import type { Metainfo } from './metainfo.ts';

/** In the order of the torrent; those of length zero are left out, padding is marked. */
export function webSeedFiles({ files }: Metainfo): WebSeedFile[] {
  return files
    .filter(({ length }) => length > 0)
    .map(({ rawPath, offset, length, padding }) => ({
      suffix: rawPath.map(percentEncoded).join('/'),
      offset,
      length,
      padding,
    }));
}

/** The web seeds of a torrent that can be asked, as many as are asked. */
export function usableWebSeeds({ webSeeds }: Metainfo): readonly string[] {
  return webSeeds.filter((url) => /^https?:\/\//i.test(url)).slice(0, MAX_WEB_SEEDS);
}

/** Byte by byte: a name need not be UTF-8. */
function percentEncoded(name: string): string {
  const text = bytesOfName(name).toString('latin1');
  return text.replace(
    /[^A-Za-z0-9._~!'()*-]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
