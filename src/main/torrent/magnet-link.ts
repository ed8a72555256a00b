/** A torrent as a magnet link (BEP 9); a hybrid has both of its info hashes (BEP 52). */
import { bytesOfName } from '../../shared/byte-name.ts';
import { redactedUrl, secretsShown } from '../text/foreign-text.ts';
import { MULTIHASH } from './info-hash.ts';
import type { Metainfo } from './metainfo.ts';
import { percentEncoded } from './url-spellings.ts';

/**
 * Includes the trackers that are not secret. Trackers of a private torrent identify the user by their URLs, and links are made
 * to be shared, so all of them are left out. `--show-secrets` includes all.
 */
export function magnetLink(metainfo: Metainfo): string {
  const { infoHash, version2, pieceHashes, name, trackers, private: isPrivate } = metainfo;
  const all = [...new Set(trackers.flat())];
  const named = isPrivate && !secretsShown() ? [] : all.filter((url) => redactedUrl(url) === url);
  const topics = [
    ...(pieceHashes.length > 0 ? [`xt=urn:btih:${Buffer.from(infoHash).toString('hex')}`] : []),
    ...(version2 === null
      ? []
      : [`xt=urn:btmh:${MULTIHASH}${Buffer.from(version2.infoHash).toString('hex')}`]),
  ];
  return [
    `magnet:?${topics.join('&')}`,
    `dn=${percentEncoded(bytesOfName(name))}`,
    ...named.map((url) => `tr=${encodeURIComponent(url)}`),
  ].join('&');
}
