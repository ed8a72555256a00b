/**
 * What a stranger's web seed may make us ask of our own machine and network: the torrent's own files, and nothing else. libtorrent
 * refuses queries there; a path can be an order as well, to whatever else listens there.
 */
import type { Reach } from '../../shared/address-rules.ts';

/** Why a URL so near is not asked for a file of these names (as URLs spell them); null where it may be. Path as `URL` has it, without `..`. */
export function webSeedRefusal(
  { pathname, search }: Pick<URL, 'pathname' | 'search'>,
  names: readonly string[],
  reach: Reach,
): string | null {
  if (reach === 'public') return null;
  if (search !== '') return 'a web seed on our own network may have no query';
  const path = decoded(pathname);
  if (names.some((name) => name !== '' && path.endsWith(`/${decoded(name)}`))) return null;
  return 'a web seed on our own network must be called as the file in the torrent is';
}

/** One character a byte: two spellings of one path become the same. */
function decoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, byte: string) =>
    String.fromCharCode(Number.parseInt(byte, 16)),
  );
}
