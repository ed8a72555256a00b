/**
 * The files of a torrent as listed in its info dictionary (BEP 3, BEP 47). A name is never a reason to refuse a torrent:
 * impossible names are changed. `storage/names/places.ts` decides where each file is on disk.
 */
import type { BencodeDict } from '../../shared/bencode.ts';
import { bytesField, field, integerField, isDict, listField } from '../../shared/bencode.ts';
import { nameOfBytes } from '../../shared/byte-name.ts';
import { MAX_NAME_BYTES, MAX_PATH_DEPTH_LEVELS } from '../../shared/limits.ts';
import { BadField } from './bad-field.ts';
import type { TreeFile } from './file-tree.ts';
import { mended, platformRules } from './name-rules.ts';
import { percentEncoded, urlSpellings } from './url-spellings.ts';

export interface TorrentFile {
  /** For display, starting with the torrent's name, with names that this platform allows. Two files may have the same path. */
  readonly path: readonly string[];
  /** As in the torrent, byte for byte (`byte-name.ts`), for names on disk. */
  readonly rawPath: readonly string[];
  /** The same percent-encoded, in each spelling: for URLs of web seeds. */
  readonly urlSpellings: readonly (readonly string[])[];
  readonly length: number;
  /** Offset of the file in the torrent's bytes. */
  readonly offset: number;
  /** BEP 47: zeros that align the next file; never written. */
  readonly padding: boolean;
  /** BEP 47: a symbolic link to this path below the torrent's folder. It has no bytes. Null for all other files. */
  readonly link: readonly string[] | null;
}

export interface FileList {
  /** The torrent's name as this platform allows it. */
  readonly name: string;
  readonly files: readonly TorrentFile[];
}

/** BitComet's name for padding, which has no attribute. */
const BITCOMET_PADDING = '_____padding_file_';

/** `infoHash` in hexadecimal: a name for a torrent without one. Throws BadField. */
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

/** The same for a tree (BEP 52): each file begins on a piece boundary. `infoHash` as above. */
export function fileListOfTree(
  info: BencodeDict,
  tree: readonly TreeFile[],
  pieceLength: number,
  infoHash: string,
): FileList {
  const [only] = tree;
  const isSingle = tree.length === 1 && only?.elements.length === 1 && field(info, 'files') === undefined;
  const named = bytesField(info, 'name.utf-8') ?? bytesField(info, 'name') ?? Buffer.from(infoHash);
  const root = isSingle ? (only.elements[0] ?? named) : named;
  const raw = nameOfElement(root);
  const name = rootName(raw, infoHash);
  const rules = platformRules();
  let offset = 0;
  const files = tree.map(({ elements, entry, length, isLink }): TorrentFile => {
    const below = isSingle ? [] : elements;
    const names = below.map(nameOfElement);
    const file: TorrentFile = {
      path: [name, ...names.map((element) => mended(element, rules))],
      rawPath: [raw, ...names],
      urlSpellings: [[root, ...below].map(percentEncoded)],
      length,
      offset,
      padding: false,
      link: isLink ? elementsOf(entry, 'symlink path') : null,
    };
    offset += Math.ceil(length / pieceLength) * pieceLength;
    return file;
  });
  return { name, files };
}

const L = 'l'.charCodeAt(0);
const P = 'p'.charCodeAt(0);

export function isPaddingName(name: string): boolean {
  return name.startsWith(BITCOMET_PADDING);
}

/** One path element as text. A name that is too long for every file system keeps its beginning and its end. */
function nameOfElement(raw: Uint8Array): string {
  if (raw.length <= MAX_NAME_BYTES) return nameOfBytes(raw);
  const end = raw.subarray(raw.length - 32);
  return nameOfBytes(Buffer.concat([raw.subarray(0, MAX_NAME_BYTES - end.length), end]));
}

/** The name of the torrent on disk; its info hash if no valid part of the name is left, as in libtorrent. */
export function rootName(name: string, infoHash: string, rules = platformRules()): string {
  const kept = mended(name, rules);
  return kept === '_' && name !== '_' ? infoHash : kept;
}

function lengthOf(dict: BencodeDict, what: string): number {
  const length = integerField(dict, 'length');
  if (length === undefined || length < 0) throw new BadField(`the length of ${what} is missing or negative`);
  return length;
}

/** The path under the first of these keys, with at least one element: a value that is not a list of names makes a file without a name. */
function elementsOf(entry: BencodeDict, ...keys: readonly string[]): string[] {
  for (const key of keys) {
    // No path can be deeper; the rest is left out.
    const list = listField(entry, key, MAX_PATH_DEPTH_LEVELS) ?? [bytesField(entry, key)];
    const elements = list.map((element) => (element instanceof Uint8Array ? nameOfElement(element) : ''));
    if (elements.some((element) => element !== '')) return elements;
  }
  return [''];
}
