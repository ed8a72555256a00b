/**
 * What a torrent may make us ask of our own machine and network. A path can be an order to whatever listens there (`/admin/reboot`),
 * and the author of a torrent names both the URL and the file. libtorrent refuses queries near us; browsers ask the user, or the
 * server, first. Here the path must be one of the torrent's own files, and look like a file and not like an order:
 *
 * - no query;
 * - it ends in the name of the file in the torrent;
 * - that name has an extension (`disk.iso`), or is in capitals (`README`, `SHA256SUMS`);
 * - no part of it is a program of the server (`reboot.cgi`, `cgi-bin`), or has parameters or control characters in it.
 *
 * So a mirror on the local network works as any other, but for a few names; the reason is shown, and peers may have those files.
 */
import type { Reach } from '../../shared/address-rules.ts';

/** Extensions of what servers run instead of sending it. */
const PROGRAMS = new Set(
  'action asa ashx asmx asp aspx cfm cgi do fcgi jsp jspx lua php php3 php4 php5 phtml pl shtml'.split(' '),
);

/** Why a URL so near is not asked for a file of these names (as URLs spell them); null where it may be. Path as `URL` has it, without `..`. */
export function webSeedRefusal(
  { pathname, search }: Pick<URL, 'pathname' | 'search'>,
  names: readonly string[],
  reach: Reach,
): string | null {
  if (reach === 'public') return null;
  if (search !== '') return 'a web seed on our own network may have no query';
  const path = decoded(pathname);
  if (!names.some((name) => name !== '' && path.endsWith(`/${decoded(name)}`)))
    return 'a web seed on our own network must be called as the file in the torrent is';
  const parts = path.split('/');
  if (parts.some(mayRun) || !looksLikeFile(parts.at(-1) ?? ''))
    return 'on our own network its name looks like an order to a server, and not like a file';
  return null;
}

function mayRun(part: string): boolean {
  if (part.toLowerCase() === 'cgi-bin' || part.includes(';')) return true;
  if ([...part].some((character) => character < ' ')) return true;
  return PROGRAMS.has(extensionOf(part).toLowerCase());
}

function looksLikeFile(name: string): boolean {
  return extensionOf(name) !== '' || !/[a-z]/.test(name);
}

/** What is behind the last dot; nothing for a name that begins there. */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1) : '';
}

/** One character a byte: two spellings of one path become the same. */
function decoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, byte: string) =>
    String.fromCharCode(Number.parseInt(byte, 16)),
  );
}
