/** What version 2 (BEP 52) adds to a torrent: alone, or beside version 1 in a hybrid. */
import { createHash } from 'node:crypto';
import { type BencodeDict, field, integerField } from '../../shared/bencode.ts';
import { alignedGeometry, type Geometry } from '../../shared/geometry.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { PieceTrees } from '../../shared/piece-hashes.ts';
import { Failure } from '../failure.ts';
import { printable } from '../text/foreign-text.ts';
import { BadField } from './bad-field.ts';
import { type FileList, fileListOfTree, type TorrentFile } from './file-list.ts';
import { filesOfTree, type TreeFile } from './file-tree.ts';
import { type HashedFile, treesOf } from './piece-layers.ts';

export interface Version2 {
  /** 32 bytes. */
  readonly infoHash: Uint8Array;
  /** The files that are not empty. */
  readonly files: readonly HashedFile[];
  readonly trees: PieceTrees;
}

export function version2Hash(info: Uint8Array): Buffer {
  return createHash('sha256').update(info).digest();
}

/** The tree of the torrent; null if it has only version 1. Throws BadField, also for a version that we do not know. */
export function treeOf(info: BencodeDict): TreeFile[] | null {
  const version = integerField(info, 'meta version') ?? 1;
  if (version > 2) throw new BadField(`it has version ${version}, and unchoke knows versions 1 and 2`);
  if (version < 2) return null;
  const pieceLength = integerField(info, 'piece length') ?? 0;
  // 32-bit shifts: a piece length is far below their end.
  if (pieceLength < BLOCK_BYTES || (pieceLength & (pieceLength - 1)) !== 0)
    throw new BadField(`piece length ${pieceLength} is not a power of two from ${BLOCK_BYTES} on`);
  return filesOfTree(field(info, 'file tree'));
}

/** A torrent of version 2 alone. Throws BadField or RangeError. */
export function readVersion2(
  info: BencodeDict,
  tree: readonly TreeFile[],
  infoHash: Uint8Array,
): { readonly list: FileList; readonly geometry: Geometry; readonly version2: Version2 } {
  const pieceLength = integerField(info, 'piece length') ?? 0;
  const geometry = alignedGeometry(
    tree.map(({ length }) => length),
    pieceLength,
  );
  const list = fileListOfTree(info, tree, pieceLength, Buffer.from(infoHash).toString('hex'));
  return { list, geometry, version2: version2Of(tree, list.files, geometry, infoHash) };
}

/** The version 2 half of a hybrid. `hashes`: its info hashes, that of version 1 in hexadecimal. Throws BadField if the halves describe different files. */
export function hybridHalf(
  info: BencodeDict,
  tree: readonly TreeFile[],
  files: readonly TorrentFile[],
  geometry: Geometry,
  hashes: { readonly v1: string; readonly v2: Uint8Array },
): Version2 {
  const other = fileListOfTree(info, tree, geometry.pieceLength, hashes.v1).files;
  const own = files.filter(({ padding }) => !padding);
  if (own.length !== other.length) throw differing(`${own.length} and ${other.length} files`);
  for (const [i, file] of own.entries()) {
    const same = other[i] as TorrentFile;
    if (file.rawPath.join('/') !== same.rawPath.join('/')) throw differing(`file ${i} has two names`);
    if (file.length !== same.length) throw differing(`file ${i} has ${file.length} and ${same.length} bytes`);
    if (file.length > 0 && file.offset !== same.offset) throw differing(`file ${i} begins at two places`);
  }
  return version2Of(tree, own, geometry, hashes.v2);
}

function version2Of(
  tree: readonly TreeFile[],
  places: readonly TorrentFile[],
  geometry: Geometry,
  infoHash: Uint8Array,
): Version2 {
  const files = tree.flatMap(({ root, length }, i): HashedFile[] =>
    root === null ? [] : [{ root, length, offset: places[i]?.offset ?? 0 }],
  );
  return { infoHash, files, trees: treesOf(files, geometry) };
}

function differing(how: string): BadField {
  return new BadField(`it is a hybrid whose two halves describe different data: ${how}`);
}

/** Data that is right for one half of a hybrid is wrong for the other: nobody can download it. */
export function splitHybrid({ name }: { readonly name: string }): Failure {
  const what = 'this is a hybrid whose two halves (version 1 and 2) describe different data';
  return new Failure('bad-torrent', `${printable(name)}: ${what}; its maker must make it anew`);
}
