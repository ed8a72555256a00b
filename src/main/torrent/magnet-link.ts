/** A torrent as a magnet link (BEP 9). */
import { bytesOfName } from '../../shared/byte-name.ts';
import { redactedUrl, secretsShown } from '../text/foreign-text.ts';
import type { Metainfo } from './metainfo.ts';
import { percentEncoded } from './url-spellings.ts';

/**
 * With the trackers that anybody may know. A private torrent's know its users by their URLs, and a link is made to be passed on: all of
 * them are left out. `--show-secrets` puts in all.
 */
export function magnetLink({ infoHash, name, trackers, private: isPrivate }: Metainfo): string {
  const all = [...new Set(trackers.flat())];
  const named = isPrivate && !secretsShown() ? [] : all.filter((url) => redactedUrl(url) === url);
  return [
    `magnet:?xt=urn:btih:${Buffer.from(infoHash).toString('hex')}`,
    `dn=${percentEncoded(bytesOfName(name))}`,
    ...named.map((url) => `tr=${encodeURIComponent(url)}`),
  ].join('&');
}
