/**
 * Parses a .torrent file (BEP 3, 12 announce tiers, 19 web seeds, 27 private, 47 padding). A stranger may have written it, so
 * each field is checked before it is used. Version 1, version 2 (BEP 52) or both in a hybrid.
 */
import { createHash } from 'node:crypto';
import type { BencodeDict } from '../../shared/bencode.ts';
import {
  BencodeError,
  bytesField,
  eachString,
  field,
  integerField,
  isDict,
  openBencode,
  rawBytes,
  textField,
} from '../../shared/bencode.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { type Geometry, geometry, paddedGeometry } from '../../shared/geometry.ts';
import { MAX_TORRENT_FILE_BYTES, MAX_TRACKERS, MAX_URL_CHARS } from '../../shared/limits.ts';
import { PIECE_HASH_BYTES, type PieceHashes } from '../../shared/piece-hashes.ts';
import { sharedBytes } from '../../shared/shared-copy.ts';
import type { FileStamp } from '../../shared/web-seed-messages.ts';
import { Failure } from '../failure.ts';
import { BadField } from './bad-field.ts';
import { dhtNodesOf } from './dht-nodes.ts';
import { type FileList, fileListOf, type TorrentFile } from './file-list.ts';
import { type InfoHashes, wireHash } from './info-hash.ts';
import type { LearnedHashes } from './learned-hashes.ts';
import { otherContent } from './other-content.ts';
import { type HashedFile, layeredFiles, layerOf, readLayers } from './piece-layers.ts';
import { hybridHalf, readVersion2, treeOf, type Version2, version2Hash } from './version2.ts';

export interface Metainfo {
  /** 20 bytes that name it to peers, trackers and the DHT: the hash of version 1, or the cut one of version 2 alone. */
  readonly infoHash: Uint8Array;
  /** The info dictionary as it was hashed. */
  readonly info: Uint8Array;
  readonly name: string;
  readonly geometry: Geometry;
  /** 20 bytes per piece; empty in a torrent of version 2 alone. */
  readonly pieceHashes: Uint8Array;
  /** Null in a torrent of version 1. */
  readonly version2: Version2 | null;
  readonly files: readonly TorrentFile[];
  /** Tracker URLs by tier (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly private: boolean;
  /** DHT nodes (BEP 5). */
  readonly nodes: readonly HostPort[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** Null unless it stands for a file at a URL, of which no torrent is known. */
  readonly plainFile: PlainFile | null;
}

/** A file at a URL, which a cluster fetches as if it were a torrent. */
export interface PlainFile {
  /** `pieceHashes` are learned as pieces come. */
  readonly hashes: LearnedHashes;
  /** What the whole file must have, in hexadecimal; null: nobody said. */
  readonly sha256: string | null;
  readonly stamp: FileStamp;
}

const NO_HASHES = new Uint8Array(0);

export interface ParseRules {
  /** What to do about bytes that are not all there. */
  readonly again?: string;
  /** What to do about bytes that are something else. */
  readonly instead?: string;
}

/**
 * Parses a .torrent. Piece layers of version 2 may be missing, as in libtorrent: they come from peers or follow from the data. Throws a
 * `bad-torrent` failure that names `source` and says what is wrong.
 */
export function parseMetainfo(bytes: Uint8Array, source: string, rules: ParseRules = {}): Metainfo {
  const { again = 'download it again', instead = 'give a .torrent file, a magnet link or an info hash' } =
    rules;
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof BencodeError || error instanceof BadField || error instanceof RangeError) {
      const what = otherContent(bytes) ?? faultOf(bytes, error, { again, instead });
      throw new Failure('bad-torrent', `${source}: ${what}`, { cause: error });
    }
    throw error;
  }
}

/** First in words for people, then what the parser says. */
function faultOf(bytes: Uint8Array, error: Error, { again, instead }: Required<ParseRules>): string {
  if (bytes.length === 0) return `it is empty; ${again}`;
  if (!(error instanceof BencodeError)) return `not a usable torrent: ${error.message}`;
  // A dictionary with a key: no other kind of file begins like this.
  const isTorrent = /^d\d{1,9}:/.test(Buffer.from(bytes.subarray(0, 16)).toString('latin1'));
  if (!isTorrent) return `this is not a torrent; ${instead} (${error.message})`;
  return `${error.isCut ? 'it is cut off' : 'it is damaged'}; ${again} (${error.message})`;
}

function read(bytes: Uint8Array): Metainfo {
  if (bytes.length > MAX_TORRENT_FILE_BYTES)
    throw new BadField(`larger than ${MAX_TORRENT_FILE_BYTES} bytes`);
  // Bytes after the value are ignored; usually it is a newline.
  const torrent = openBencode(bytes);
  if (torrent === null) throw new BadField('it is not a dictionary');
  const info = field(torrent, 'info');
  const infoBytes = isDict(info) ? rawBytes(info) : undefined;
  if (!isDict(info) || infoBytes === undefined) throw new BadField('it has no "info" dictionary');
  const { list, ...content } = contentOf(info, infoBytes);
  const { version2, geometry: g } = content;
  if (version2 !== null) readLayers(torrent, version2.trees, g, version2.files);
  return {
    ...content,
    ...list,
    info: infoBytes,
    trackers: trackersOf(torrent),
    webSeeds: tiersOf(torrent, 'url-list').flat(),
    private: isPrivate(info),
    nodes: dhtNodesOf(torrent),
    comment: textField(torrent, 'comment.utf-8') ?? textField(torrent, 'comment') ?? null,
    createdBy: textField(torrent, 'created by') ?? null,
    plainFile: null,
  };
}

/** In full, by version. */
export function infoHashes({ infoHash, pieceHashes, version2 }: Metainfo): InfoHashes {
  return { v1: pieceHashes.length > 0 ? infoHash : null, v2: version2?.infoHash ?? null };
}

/** What the storage threads compare with. */
export function hashesOf({ pieceHashes, version2, plainFile }: Metainfo): PieceHashes {
  if (plainFile !== null) return { sha1: plainFile.hashes.memory, trees: null };
  return { sha1: pieceHashes.length === 0 ? null : sharedBytes(pieceHashes), trees: version2?.trees ?? null };
}

/** Only peers can send the hashes of its pieces, because it is of version 2 alone. With those of version 1 a download can begin. */
export function lacksPieceHashes(metainfo: Metainfo, selected: ReadonlySet<number> | null = null): boolean {
  return metainfo.pieceHashes.length === 0 && unlayeredFiles(metainfo).some(isSelected(metainfo, selected));
}

/** Whether a file with a tree is one of these; null: all are. */
export function isSelected(
  { files }: Metainfo,
  selected: ReadonlySet<number> | null,
): (file: HashedFile) => boolean {
  if (selected === null) return () => true;
  const shown = files.filter(({ padding }) => !padding);
  const offsets = new Set(
    shown.filter(({ length }, i) => length > 0 && selected.has(i)).map(({ offset }) => offset),
  );
  return ({ offset }) => offsets.has(offset);
}

/** The files whose piece layer (BEP 52) is not known. */
export function unlayeredFiles({ version2, geometry: g }: Metainfo): HashedFile[] {
  if (version2 === null) return [];
  return layeredFiles(version2.files, g).filter((file) => layerOf(version2.trees, g, file) === null);
}

type Content = Pick<Metainfo, 'infoHash' | 'geometry' | 'pieceHashes' | 'version2'> & {
  readonly list: FileList;
};

/** Its files and their hashes, in the versions that it has. */
function contentOf(info: BencodeDict, infoBytes: Uint8Array): Content {
  const tree = treeOf(info);
  const pieceHashes = bytesField(info, 'pieces');
  if (tree !== null && pieceHashes === undefined) {
    const infoHash = version2Hash(infoBytes);
    return { infoHash: wireHash(infoHash), pieceHashes: NO_HASHES, ...readVersion2(info, tree, infoHash) };
  }
  if (pieceHashes === undefined) throw new BadField('"info" has no "pieces"');
  const infoHash = createHash('sha1').update(infoBytes).digest();
  const v1 = infoHash.toString('hex');
  const list = fileListOf(info, v1);
  const totalLength = list.files.reduce((sum, file) => sum + file.length, 0);
  const plain = geometry(totalLength, integerField(info, 'piece length') ?? 0);
  const g = paddedGeometry(
    plain,
    list.files.filter(({ padding }) => padding),
  );
  if (pieceHashes.length !== g.pieceCount * PIECE_HASH_BYTES) {
    throw new BadField(
      `"pieces" holds ${pieceHashes.length / PIECE_HASH_BYTES} hashes, but there are ${g.pieceCount} pieces`,
    );
  }
  const v2 = version2Hash(infoBytes);
  const version2 = tree === null ? null : hybridHalf(info, tree, list.files, g, { v1, v2 });
  return { infoHash, geometry: g, pieceHashes, version2, list };
}

/** BEP 27 says 1. Any other integer except 0 means the same, as in libtorrent and transmission. */
function isPrivate(info: BencodeDict): boolean {
  const flag = field(info, 'private');
  return typeof flag === 'number' && flag !== 0;
}

/** BEP 12: `announce-list` replaces `announce` if it contains any tracker. */
function trackersOf(torrent: BencodeDict): string[][] {
  const tiers = tiersOf(torrent, 'announce-list');
  if (tiers.length > 0) return tiers;
  const announce = tiersOf(torrent, 'announce').flat();
  return announce.length > 0 ? [announce] : [];
}

/** The URLs of a field, in groups. Values that are not text or too long are skipped, and so are those beyond the limit. */
function tiersOf(torrent: BencodeDict, key: string): string[][] {
  const tiers = new Map<number, string[]>();
  let left = MAX_TRACKERS;
  eachString(torrent, key, (bytes, group) => {
    const url = bytes.length <= MAX_URL_CHARS ? Buffer.from(bytes).toString('utf8').trim() : '';
    if (url === '') return true;
    const tier = tiers.get(group);
    if (tier === undefined) tiers.set(group, [url]);
    else tier.push(url);
    left -= 1;
    return left > 0;
  });
  return [...tiers.values()];
}
