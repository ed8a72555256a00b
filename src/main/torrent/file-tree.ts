/**
 * The files of a version 2 torrent (BEP 52): a tree of dictionaries whose keys are path elements. A stranger may have written
 * it. Its order decides where each file begins, so a tree that is not sorted is refused, as in libtorrent.
 */
import {
  type BencodeDict,
  type BencodeValue,
  bytesField,
  entriesOf,
  integerField,
  isDict,
} from '../../shared/bencode.ts';
import { MAX_PATH_DEPTH_LEVELS } from '../../shared/limits.ts';
import { TREE_HASH_BYTES } from '../../shared/merkle.ts';
import { printable } from '../text/foreign-text.ts';
import { BadField } from './bad-field.ts';

/** A file as it stands in the tree. */
export interface TreeFile {
  /** Below the torrent's name. */
  readonly elements: readonly Uint8Array[];
  readonly entry: BencodeDict;
  readonly length: number;
  /** Null for an empty file or a link. */
  readonly root: Uint8Array | null;
  readonly isLink: boolean;
}

const L = 'l'.charCodeAt(0);
const P = 'p'.charCodeAt(0);

/** The files in their order. Throws BadField. */
export function filesOfTree(tree: BencodeValue | undefined): TreeFile[] {
  if (!isDict(tree)) throw new BadField('"file tree" is not a dictionary');
  const files: TreeFile[] = [];
  walk(tree, [], files);
  if (files.length === 0) throw new BadField('"file tree" has no file');
  const [first] = files;
  if (first?.elements.length === 0) throw new BadField('the root of "file tree" is a file');
  return files;
}

function walk(dict: BencodeDict, above: readonly Uint8Array[], files: TreeFile[]): void {
  if (above.length > MAX_PATH_DEPTH_LEVELS) throw new BadField(`${nameOf(above)} is too deep in "file tree"`);
  let before: Uint8Array | null = null;
  for (const [key, value] of entriesOf(dict)) {
    const elements = [...above, key];
    if (before !== null && Buffer.compare(before, key) >= 0)
      throw new BadField(`the names in "file tree" are not sorted at ${nameOf(elements)}`);
    if (!isDict(value)) throw new BadField(`${nameOf(elements)} in "file tree" is not a dictionary`);
    if (key.length > 0 && before?.length === 0)
      throw new BadField(`${nameOf(above)} is a file and a folder in "file tree"`);
    before = key;
    if (key.length > 0) walk(value, elements, files);
    else files.push(fileOf(value, above));
  }
}

function fileOf(entry: BencodeDict, elements: readonly Uint8Array[]): TreeFile {
  const name = nameOf(elements);
  const attributes = bytesField(entry, 'attr') ?? Buffer.alloc(0);
  if (attributes.includes(P))
    throw new BadField(`${name} in "file tree" is padding, which version 2 has not`);
  const isLink = attributes.includes(L);
  const length = isLink ? 0 : integerField(entry, 'length');
  if (length === undefined || length < 0) throw new BadField(`the length of ${name} is missing or negative`);
  if (length === 0) return { elements, entry, length, root: null, isLink };
  const root = bytesField(entry, 'pieces root');
  if (root?.length !== TREE_HASH_BYTES) throw new BadField(`${name} has no "pieces root" of 32 bytes`);
  if (root.every((byte) => byte === 0)) throw new BadField(`the "pieces root" of ${name} is only zeros`);
  return { elements, entry, length, root, isLink };
}

function nameOf(elements: readonly Uint8Array[]): string {
  return printable(elements.map((element) => Buffer.from(element).toString('utf8')).join('/')) || 'the root';
}
