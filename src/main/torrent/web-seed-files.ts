/** The files of a torrent on web seeds (BEP 19). */
import { MAX_WEB_SEEDS } from '../../shared/limits.ts';
import type { WebSeedFile } from '../../shared/web-seed-messages.ts';
import type { Metainfo } from './metainfo.ts';

/** In the order of the torrent, without empty files; padding is marked. */
export function webSeedFiles({ files }: Metainfo): WebSeedFile[] {
  return files
    .filter(({ length }) => length > 0)
    .map(({ urlSpellings, offset, length, padding }) => ({
      names: urlSpellings.map((elements) => elements.join('/')),
      offset,
      length,
      padding,
    }));
}

/** The usable web seeds of a torrent, up to the limit. Equal URLs count once. */
export function usableWebSeeds({ webSeeds, files }: Metainfo): readonly string[] {
  const isFolder = (files[0]?.urlSpellings[0]?.length ?? 0) > 1;
  const byMeaning = new Map<string, string>();
  for (const url of webSeeds) {
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) continue;
    const plain = new URL(url);
    plain.hash = '';
    const meaning = isFolder && !plain.href.endsWith('/') ? `${plain.href}/` : plain.href;
    if (!byMeaning.has(meaning)) byMeaning.set(meaning, plain.href);
  }
  return [...byMeaning.values()].slice(0, MAX_WEB_SEEDS);
}
