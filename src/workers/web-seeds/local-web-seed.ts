/**
 * Which requests a torrent may make us send to our own machine or network. A path can be a command for a local server
 * (`/admin/reboot`), and the author of a torrent chooses both the URL and the file names. libtorrent refuses queries to local
 * addresses; browsers ask the user or the server first. Here the path must lead to one of the torrent's own files, and must look
 * like a file and not like a command:
 *
 * - no query;
 * - it ends in the name of the file in the torrent;
 * - that name has an extension (`disk.iso`), or is in capitals (`README`, `SHA256SUMS`);
 * - no part of it is a program of the server (`reboot.cgi`, `cgi-bin`), or has parameters or control characters.
 *
 * So a mirror on the local network works, except for a few names. The user sees the reason, and peers may have those files.
 */
import type { Reach } from '../../shared/address-rules.ts';

/** Extensions of files that servers run instead of sending them. */
const PROGRAMS = new Set(
  'action asa ashx asmx asp aspx cfm cgi do fcgi jsp jspx lua php php3 php4 php5 phtml pl shtml'.split(' '),
);

/** Why this local URL is not used for a file with these names (as URLs spell them); null if it may be. The path from `URL` has no `..`. */
export function webSeedRefusal(
  { pathname, search }: Pick<URL, 'pathname' | 'search'>,
  names: readonly string[],
  reach: Reach,
): string | null {
  if (reach === 'public') return null;
  if (search !== '') return 'a web seed on our own network may have no query';
  const path = decoded(pathname);
  if (!names.some((name) => name !== '' && path.endsWith(`/${decoded(name)}`)))
    return 'a web seed on our own network must have the name of the file in the torrent';
  const parts = path.split('/');
  if (parts.some(mayRun) || !looksLikeFile(parts.at(-1) ?? ''))
    return 'on our own network its name looks like a command to a server, not like a file';
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

/** The part after the last dot; empty for a name that starts with its only dot. */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1) : '';
}

/** One character per byte: two spellings of one path become equal. */
function decoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, byte: string) =>
    String.fromCharCode(Number.parseInt(byte, 16)),
  );
}
