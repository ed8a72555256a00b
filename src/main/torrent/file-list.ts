/**
 * The files of a torrent as its info dictionary lists them (BEP 3, BEP 47). A name is never a reason to refuse a
 * torrent: names that cannot be are mended. `names/places.ts` says where each file lies on a disk.
 */
import type { BencodeDict } from '../../shared/bencode.ts';
import { bytesField, field, integerField, isDict, listField } from '../../shared/bencode.ts';
import { nameOfBytes } from '../../shared/byte-name.ts';
import { MAX_NAME_BYTES, MAX_PATH_DEPTH_LEVELS } from '../../shared/limits.ts';
import { BadField } from './bad-field.ts';
import { mended, platformRules } from './name-rules.ts';
import { urlSpellings } from './url-spellings.ts';

export interface TorrentFile {
  /** For people, from the torrent's name on: mended for this platform. Two files may have the same. */
  readonly path: readonly string[];
  /** As the torrent has it, byte for byte (`byte-name.ts`), for names on the disk. */
  readonly rawPath: readonly string[];
  /** The same percent-encoded, by each spelling that it has: for URLs of web seeds. */
  readonly urlSpellings: readonly (readonly string[])[];
  readonly length: number;
  /** Where the file begins in the torrent's bytes. */
  readonly offset: number;
  /** BEP 47: zeros that align the next file; never written. */
  readonly padding: boolean;
  /** BEP 47: a symbolic link to this path below the torrent's folder. It has no bytes. Null for all other files. */
  readonly link: readonly string[] | null;
}

export interface FileList {
  /** The torrent's name, mended for this platform. */
  readonly name: string;
  readonly files: readonly TorrentFile[];
}

/** What BitComet names its padding, which has no attribute: zeros as well. */
const BITCOMET_PADDING = '_____padding_file_';

/** `infoHash` in hexadecimal: it names what has no name. Throws BadField. */
export function fileListOf(info: BencodeDict, infoHash: string): FileList {
  const raw = nameOfElement(
    bytesField(info, 'name.utf-8') ?? bytesField(info, 'name') ?? Buffer.from(infoHash),
  );
  const name = rootName(raw, infoHash);
  const spellingsOf = urlSpellings(info);
  const list = field(info, 'files');
  if (list === undefined) {
    const length = lengthOf(info, name);
    const file = { path: [name], rawPath: [raw], urlSpellings: spellingsOf(null), length, offset: 0 };
    return { name, files: [{ ...file, padding: false, link: null }] };
  }
  if (!Array.isArray(list) || list.length === 0) throw new BadField('"files" is not a list of files');
  const rules = platformRules();
  let offset = 0;
  const files = list.map((entry, i): TorrentFile => {
    if (!isDict(entry)) throw new BadField(`file ${i} is not a dictionary`);
    const attributes = bytesField(entry, 'attr') ?? Buffer.alloc(0);
    const link = attributes.includes(L) ? elementsOf(entry, 'symlink path') : null;
    const length = link === null ? lengthOf(entry, `file ${i}`) : 0;
    const below = elementsOf(entry, 'path.utf-8', 'path');
    const padding = attributes.includes(P) || isPaddingName(below.at(-1) ?? '');
    const path = [name, ...below.map((element) => mended(element, rules))];
    const rawPath = [raw, ...below];
    const file = { path, rawPath, urlSpellings: spellingsOf(entry), length, offset, padding, link };
    offset += length;
    return file;
  });
  return { name, files };
}

const L = 'l'.charCodeAt(0);
const P = 'p'.charCodeAt(0);

export function isPaddingName(name: string): boolean {
  return name.startsWith(BITCOMET_PADDING);
}

/** One element of a path as text. Names that are too long for every filesystem keep their two ends. */
function nameOfElement(raw: Uint8Array): string {
  if (raw.length <= MAX_NAME_BYTES) return nameOfBytes(raw);
  const end = raw.subarray(raw.length - 32);
  return nameOfBytes(Buffer.concat([raw.subarray(0, MAX_NAME_BYTES - end.length), end]));
}

/** The name of the torrent on a disk: its info hash where nothing is left of the name, as libtorrent does. */
export function rootName(name: string, infoHash: string, rules = platformRules()): string {
  const kept = mended(name, rules);
  return kept === '_' && name !== '_' ? infoHash : kept;
}

function lengthOf(dict: BencodeDict, what: string): number {
  const length = integerField(dict, 'length');
  if (length === undefined || length < 0) throw new BadField(`the length of ${what} is missing or negative`);
  return length;
}

/** The path by the first of these keys; at least one element: what is no list of names is a file without a name. */
function elementsOf(entry: BencodeDict, ...keys: readonly string[]): string[] {
  for (const key of keys) {
    // Deeper than that no path can be made: what is below is left out.
    const list = listField(entry, key, MAX_PATH_DEPTH_LEVELS) ?? [bytesField(entry, key)];
    const elements = list.map((element) => (element instanceof Uint8Array ? nameOfElement(element) : ''));
    if (elements.some((element) => element !== '')) return elements;
  }
  return [''];
}
