/** Torrents as magnet links (BEP 9); a hybrid has both of its info hashes (BEP 52). */
import { bytesOfName } from '../../shared/byte-name.ts';
import { redactedUrl, secretsShown } from '../text/foreign-text.ts';
import { type InfoHashes, MULTIHASH } from './info-hash.ts';
import type { Magnet } from './magnet.ts';
import { infoHashes, type Metainfo } from './metainfo.ts';
import { percentEncoded } from './url-spellings.ts';

/**
 * Includes the trackers that are not secret. Trackers of a private torrent identify the user by their URLs, and links are made
 * to be shared, so all of them are left out. `--show-secrets` includes all.
 */
export function magnetLink(metainfo: Metainfo): string {
  const { name, trackers, private: isPrivate } = metainfo;
  const all = [...new Set(trackers.flat())];
  const named = isPrivate && !secretsShown() ? [] : all.filter((url) => redactedUrl(url) === url);
  return [
    `magnet:?${topicsOf(infoHashes(metainfo)).join('&')}`,
    `dn=${percentEncoded(bytesOfName(name))}`,
    ...named.map((url) => `tr=${encodeURIComponent(url)}`),
  ].join('&');
}

/** All that we read of a link, as a link again: for a program of the same user. */
export function wholeLink({ hashes, name, trackers, webSeeds, peers, select }: Magnet): string {
  return [
    `magnet:?${topicsOf(hashes).join('&')}`,
    ...(name === null ? [] : [`dn=${percentEncoded(bytesOfName(name))}`]),
    ...trackers.map((url) => `tr=${encodeURIComponent(url)}`),
    ...webSeeds.map((url) => `ws=${encodeURIComponent(url)}`),
    ...peers.map(
      ({ host, port }) => `x.pe=${encodeURIComponent(`${host.includes(':') ? `[${host}]` : host}:${port}`)}`,
    ),
    ...(select.length === 0 ? [] : [`so=${select.join(',')}`]),
  ].join('&');
}

function topicsOf({ v1, v2 }: InfoHashes): string[] {
  return [
    ...(v1 === null ? [] : [`xt=urn:btih:${Buffer.from(v1).toString('hex')}`]),
    ...(v2 === null ? [] : [`xt=urn:btmh:${MULTIHASH}${Buffer.from(v2).toString('hex')}`]),
  ];
}
