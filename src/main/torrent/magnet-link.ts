/** A torrent as a magnet link (BEP 9). */
import { bytesOfName } from '../../shared/byte-name.ts';
import { redactedUrl, secretsShown } from '../text/foreign-text.ts';
import type { Metainfo } from './metainfo.ts';
import { percentEncoded } from './url-spellings.ts';

/**
 * Includes the trackers that are not secret. Trackers of a private torrent identify the user by their URLs, and links are made
 * to be shared, so all of them are left out. `--show-secrets` includes all.
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
