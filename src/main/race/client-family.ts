/**
 * The client of a peer, from its name (BEP 10 `v`) or its peer id (BEP 20, Azureus style). Grouped by family, because clients
 * differ in how soon they unchoke: libtorrent at once, aria2 every second, transmission every ten.
 */
import { printable } from '../text/foreign-text.ts';

const BY_CODE: Readonly<Record<string, string>> = {
  A2: 'aria2',
  AZ: 'Vuze',
  BI: 'BiglyBT',
  DE: 'Deluge',
  GT: 'anacrolix',
  KT: 'KTorrent',
  LT: 'libtorrent',
  lt: 'rtorrent',
  qB: 'qBittorrent',
  rQ: 'rqbit',
  RN: 'rain',
  SW: 'swarm',
  TR: 'transmission',
  UC: 'unchoke',
  UM: 'uTorrent',
  UT: 'uTorrent',
  WD: 'webtorrent',
  WW: 'webtorrent',
  XL: 'Xunlei',
};

/** The family's name, or `unknown`; never empty, always printable. */
export function clientFamily(client: string | null, peerIdPrefix: string | null): string {
  const spoken = client === null ? null : firstWord(printable(client).trim());
  if (spoken) return spoken.length > 24 ? `${spoken.slice(0, 23)}…` : spoken;
  const coded = peerIdPrefix === null ? null : /^-([A-Za-z0-9]{2})[0-9A-Za-z]{4}-/.exec(peerIdPrefix)?.[1];
  if (coded) return BY_CODE[coded] ?? `-${coded}-`;
  if (peerIdPrefix?.startsWith('A2-')) return 'aria2';
  return 'unknown';
}

/** The second regular expression would be enough, but it knows every letter of Unicode and is slow to compile. */
function firstWord(text: string): string | undefined {
  const latin = /^[A-Za-z][\w.-]*(?![\w.-]|[^ -~])/.exec(text);
  return (latin ?? /^[\p{L}µ][\p{L}\d_.-]*/u.exec(text))?.[0];
}
