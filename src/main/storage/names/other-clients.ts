/**
 * The names that other clients give to files whose names they change. An existing file with such a name is the file of the
 * torrent. This follows the behaviour of libtorrent 2.0, aria2 1.37 and transmission 3 and 4 on Linux.
 */
import { bytesOfName, isUtf8Name, sequenceLength } from '../../../shared/byte-name.ts';
import { type NameRules, UNIX } from '../../torrent/name-rules.ts';
import { DistinctPaths } from './distinct-paths.ts';

/** The paths of all files, in the order of the torrent, each starting with the torrent's name; null if this client has none. */
export type ClientNames = (
  paths: readonly (readonly string[])[],
  infoHash: string,
) => (readonly string[] | null)[];

export const OTHER_CLIENTS: readonly ClientNames[] = [libtorrent, aria2, transmission];

const LIBTORRENT: NameRules = { ...UNIX, folds: 'latin' };

function libtorrent(paths: readonly (readonly string[])[], infoHash: string): (readonly string[])[] {
  const named = paths.map(([root = '', ...below]) => {
    const elements = below.map(libtorrentElement).filter((element) => element !== null);
    if (below.length > 0 && elements.length === 0) elements.push('_');
    return [libtorrentElement(root) ?? infoHash, ...elements];
  });
  const distinct = new DistinctPaths(named, LIBTORRENT);
  return named.map((path) => distinct.add(path));
}

const LIBTORRENT_CUT_BYTES = 240;

/** Null if it leaves the element out. */
function libtorrentElement(name: string): string | null {
  if (name === '') return '_';
  const replaced = libtorrentCharacters(name);
  if (replaced === '' || replaced === '.' || replaced === '..') return null;
  const bytes = bytesOfName(replaced);
  if (bytes.length < LIBTORRENT_CUT_BYTES) return replaced;
  let end = 0;
  let kept = 0;
  for (const character of replaced) {
    if (kept >= LIBTORRENT_CUT_BYTES) break;
    kept += Buffer.byteLength(character);
    end += character.length;
  }
  const dot = replaced.lastIndexOf('.');
  const hasExtension = dot >= end && bytes.length - Buffer.byteLength(replaced.slice(0, dot)) < 10;
  return replaced.slice(0, end) + (hasExtension ? replaced.slice(dot) : '');
}

/** Invalid UTF-8 becomes one `_` for as many bytes as the first one announces. */
function libtorrentCharacters(name: string): string {
  let text = name;
  if (!isUtf8Name(name)) {
    const bytes = bytesOfName(name);
    const parts: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = Math.max(1, sequenceLength(bytes[at] ?? 0));
      const character = bytes.toString('utf8', at, at + length);
      parts.push(character.includes('\ufffd') ? '_' : character);
      at += length;
    }
    text = parts.join('');
  }
  const kept = text.replace(/[/\\\0\u200e\u200f\u202a-\u202e]/g, '');
  return withoutControls(kept, (control) => (control < ' ' ? '_' : control));
}

/** It keeps names, except that it percent-encodes control characters and every byte of a name that is not UTF-8. */
function aria2(paths: readonly (readonly string[])[]): (readonly string[] | null)[] {
  return paths.map((path) => {
    const elements = path.flatMap((name) => aria2Element(name).split('/'));
    return elements.some((name) => name === '' || name === '.' || name === '..') ? null : elements;
  });
}

function aria2Element(name: string): string {
  if (isUtf8Name(name))
    return withoutControls(name, (control) => (control < '\x80' ? percent(control.charCodeAt(0)) : control));
  return [...bytesOfName(name)]
    .map((byte) =>
      /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : percent(byte),
    )
    .join('');
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function transmission(paths: readonly (readonly string[])[]): (readonly string[] | null)[] {
  return paths.map((path) => {
    const elements = path.map(transmissionElement);
    return elements.includes('') ? null : elements;
  });
}

function transmissionElement(name: string): string {
  // Bytes that are not UTF-8 are read as Latin-1.
  const text = isUtf8Name(name) ? name : bytesOfName(name).toString('latin1');
  const possible = text.replace(/[/\\:*?"<>|]/g, '_');
  const replaced = withoutControls(possible, (control) => (control < ' ' ? '_' : control)).trimStart();
  let end = replaced.length;
  while (end > 0 && ' .'.includes(replaced[end - 1] ?? '')) end -= 1;
  const kept = replaced.slice(0, end);
  return kept.replace(/^(con|prn|aux|nul|com[1-9]|lpt[1-9])(?=\.|$)/i, '$1_');
}

/** Few names have control characters, and a regular expression with a Unicode class is slow to compile. */
function withoutControls(name: string, mend: (control: string) => string): string {
  return /^[ -~]*$/.test(name) ? name : name.replace(/\p{Cc}/gu, mend);
}
