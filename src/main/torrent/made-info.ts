/** The dictionaries of a new torrent that say what its files are: `info` and, in version 2 (BEP 52), `piece layers`. */
import type { BencodeDict } from '../../shared/bencode.ts';
import type { ByteKeyedDict } from '../../shared/byte-keyed-dict.ts';
import { bytesOfName, nameOfBytes } from '../../shared/byte-name.ts';
import { piecesOf } from '../../shared/geometry.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import { layersOver, rootOver, TREE_HASH_BYTES, treeWidth } from '../../shared/merkle.ts';
import type { MadeLayout, PlacedFile } from './made-layout.ts';

/** Of each piece of the layout. */
export interface MadeHashes {
  /** 20 bytes each; empty for version 2 alone. */
  readonly pieces: Uint8Array;
  /** 32 bytes each; empty for version 1. */
  readonly roots: Uint8Array;
}

export interface MadeInfo {
  readonly info: ByteKeyedDict;
  /** By the root of the file; null for version 1. */
  readonly layers: ByteKeyedDict | null;
}

/** BEP 47. */
const EXECUTABLE = { attr: Buffer.from('x') };
const PADDING = { attr: Buffer.from('p') };
const PADDING_FOLDER = '.pad';

export function madeInfo(
  layout: MadeLayout,
  { pieces, roots }: MadeHashes,
  { name, private: isPrivate }: { readonly name: string; readonly private: boolean },
): MadeInfo {
  const info: ByteKeyedDict = new Map();
  info.set('name', bytesOfName(name));
  info.set('piece length', layout.geometry.pieceLength);
  if (isPrivate) info.set('private', 1);
  if (layout.version !== 'v2') {
    addFileList(info, layout);
    info.set('pieces', pieces);
  }
  if (layout.version === 'v1') return { info, layers: null };
  const layers: ByteKeyedDict = new Map();
  info.set('file tree', treeOf(layout, roots, name, layers));
  info.set('meta version', 2);
  return { info, layers };
}

/** As in version 1. It alone gets no attributes: its info hash is that of mktorrent. */
function addFileList(info: ByteKeyedDict, { version, files }: MadeLayout): void {
  const attributesOf = ({ isExecutable }: PlacedFile): BencodeDict =>
    version === 'hybrid' && isExecutable ? EXECUTABLE : {};
  const [first] = files;
  if (first?.elements === null) {
    for (const [key, value] of Object.entries(attributesOf(first))) info.set(key, value);
    info.set('length', first.length);
    return;
  }
  const list = files.flatMap((file): BencodeDict[] => {
    const path = (file.elements ?? []).map(bytesOfName);
    const listed = { ...attributesOf(file), length: file.length, path };
    return file.gap === 0 ? [listed] : [listed, paddingOf(file.gap)];
  });
  info.set('files', list);
}

function paddingOf(length: number): BencodeDict {
  return { ...PADDING, length, path: [PADDING_FOLDER, String(length)].map(bytesOfName) };
}

/** Adds to `layers` those of files that are longer than a piece. Equal files share one. */
function treeOf(
  { files, geometry: g }: MadeLayout,
  roots: Uint8Array,
  name: string,
  layers: ByteKeyedDict,
): ByteKeyedDict {
  const tree: ByteKeyedDict = new Map();
  const layerOfPieces = layersOver(g.pieceLength / BLOCK_BYTES);
  for (const file of files) {
    const leaf: BencodeDict = { ...(file.isExecutable ? EXECUTABLE : {}), length: file.length };
    if (file.length > 0) {
      const { first, end } = piecesOf(g, file);
      const layer = roots.subarray(first * TREE_HASH_BYTES, end * TREE_HASH_BYTES);
      const isLong = file.length > g.pieceLength;
      const root = isLong ? rootOver(layer, layerOfPieces, treeWidth(end - first)) : layer;
      leaf['pieces root'] = root;
      if (isLong) layers.set(nameOfBytes(root), layer);
    }
    // A file alone has the name of the torrent.
    (file.elements ?? [name]).reduce(folderIn, tree).set('', leaf);
  }
  return tree;
}

function folderIn(dict: ByteKeyedDict, name: string): ByteKeyedDict {
  const known = dict.get(name);
  if (known instanceof Map) return known;
  const made: ByteKeyedDict = new Map();
  dict.set(name, made);
  return made;
}
