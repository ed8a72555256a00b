/**
 * A .torrent file read (BEP 3, 12 announce tiers, 19 web seeds, 27 private, 47 padding). Everything in it is somebody
 * else's word, so each field is checked before it is believed. Version 2 (BEP 52) is refused by name; a hybrid is read
 * as the version 1 torrent that it also is.
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
  listField,
  openBencode,
  rawBytes,
  textField,
} from '../../shared/bencode.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { type Geometry, geometry } from '../../shared/geometry.ts';
import {
  MAX_NAME_BYTES,
  MAX_PATH_DEPTH_LEVELS,
  MAX_TORRENT_FILE_BYTES,
  MAX_TRACKERS,
  MAX_URL_CHARS,
} from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { dhtNodesOf } from './dht-nodes.ts';
import { DistinctPaths, safeElement } from './safe-path.ts';
import { urlSpellings } from './url-spellings.ts';

export interface TorrentFile {
  /** Path elements under the output folder, mended and distinct. */
  readonly path: readonly string[];
  /** The same in the bytes of the torrent, percent-encoded, by each spelling that it has: for URLs of web seeds. */
  readonly urlSpellings: readonly (readonly string[])[];
  readonly length: number;
  /** Where the file begins in the torrent's bytes. */
  readonly offset: number;
  /** BEP 47: zeros that align the next file; never written. */
  readonly padding: boolean;
}

export interface Metainfo {
  readonly infoHash: Uint8Array;
  /** The info dictionary as it was hashed. */
  readonly info: Uint8Array;
  readonly name: string;
  readonly geometry: Geometry;
  /** 20 bytes a piece. */
  readonly pieceHashes: Uint8Array;
  readonly files: readonly TorrentFile[];
  /** Tracker URLs by tier (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly private: boolean;
  /** Nodes of the DHT (BEP 5). */
  readonly nodes: readonly HostPort[];
  readonly comment: string | null;
  readonly createdBy: string | null;
}

const HASH_BYTES = 20;
const KEPT_END_BYTES = 32;

/** Reads a .torrent. Throws a `bad-torrent` failure that says what is wrong; `source` is named in it. */
export function parseMetainfo(bytes: Uint8Array, source: string): Metainfo {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof BencodeError || error instanceof BadField || error instanceof RangeError) {
      throw new Failure('bad-torrent', `${source}: not a usable torrent: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

class BadField extends Error {
  override readonly name = 'BadField';
}

function read(bytes: Uint8Array): Metainfo {
  if (bytes.length > MAX_TORRENT_FILE_BYTES)
    throw new BadField(`larger than ${MAX_TORRENT_FILE_BYTES} bytes`);
  // What follows the value is passed over: a newline, mostly.
  const torrent = openBencode(bytes);
  if (torrent === null) throw new BadField('it is not a dictionary');
  const info = field(torrent, 'info');
  const infoBytes = isDict(info) ? rawBytes(info) : undefined;
  if (!isDict(info) || infoBytes === undefined) throw new BadField('it has no "info" dictionary');
  const pieceHashes = bytesField(info, 'pieces');
  if (pieceHashes === undefined) {
    if (field(info, 'meta version') !== undefined)
      throw new BadField('it is version 2 only (BEP 52), which unchoke cannot read yet');
    throw new BadField('"info" has no "pieces"');
  }
  const name = nameOf(info);
  const files = filesOf(info, name);
  const totalLength = files.reduce((sum, file) => sum + file.length, 0);
  const g = geometry(totalLength, integerField(info, 'piece length') ?? 0);
  if (pieceHashes.length !== g.pieceCount * HASH_BYTES) {
    throw new BadField(
      `"pieces" holds ${pieceHashes.length / HASH_BYTES} hashes where ${g.pieceCount} pieces need one each`,
    );
  }
  return {
    infoHash: createHash('sha1').update(infoBytes).digest(),
    info: infoBytes,
    name,
    geometry: g,
    pieceHashes,
    files,
    trackers: trackersOf(torrent),
    webSeeds: tiersOf(torrent, 'url-list').flat(),
    private: isPrivate(info),
    nodes: dhtNodesOf(torrent),
    comment: textField(torrent, 'comment.utf-8') ?? textField(torrent, 'comment') ?? null,
    createdBy: textField(torrent, 'created by') ?? null,
  };
}

function rawNameOf(info: BencodeDict): string {
  const name = bytesField(info, 'name.utf-8') ?? bytesField(info, 'name');
  if (name === undefined) throw new BadField('"info" has no "name"');
  return elementOf(name);
}

/** Names that are too long for every filesystem keep their two ends. */
function elementOf(name: Uint8Array): string {
  if (name.length <= MAX_NAME_BYTES) return Buffer.from(name).toString('utf8');
  const end = name.subarray(-KEPT_END_BYTES);
  return Buffer.concat([name.subarray(0, MAX_NAME_BYTES - end.length), end]).toString('utf8');
}

function nameOf(info: BencodeDict): string {
  const name = rawNameOf(info);
  const safe = safeElement(name);
  if (safe === null) throw new BadField(`the name ${JSON.stringify(name)} is no file name`);
  return safe;
}

function filesOf(info: BencodeDict, name: string): TorrentFile[] {
  const spellingsOf = urlSpellings(info);
  const list = field(info, 'files');
  if (list === undefined) {
    return [
      {
        path: [name],
        urlSpellings: spellingsOf(null),
        length: lengthOf(info, name),
        offset: 0,
        padding: false,
      },
    ];
  }
  if (!Array.isArray(list) || list.length === 0) throw new BadField('"files" is not a list of files');
  const distinct = new DistinctPaths();
  let offset = 0;
  return list.map((entry, i) => {
    if (!isDict(entry)) throw new BadField(`file ${i} is not a dictionary`);
    const length = lengthOf(entry, `file ${i}`);
    const padding = (textField(entry, 'attr') ?? '').includes('p');
    const raw = rawElementsOf(entry, i);
    const path = padding ? [name, '.pad', String(length)] : distinct.add([name, ...elementsOf(raw, i)]);
    const file = { path, urlSpellings: spellingsOf(entry), length, offset, padding };
    offset += length;
    return file;
  });
}

function lengthOf(dict: BencodeDict, what: string): number {
  const length = integerField(dict, 'length');
  if (length === undefined || length < 0) throw new BadField(`${what} has no length of 0 or more`);
  return length;
}

function rawElementsOf(entry: BencodeDict, i: number): string[] {
  // Deeper than that no path can be made: what is below is left out.
  const path =
    listField(entry, 'path.utf-8', MAX_PATH_DEPTH_LEVELS) ?? listField(entry, 'path', MAX_PATH_DEPTH_LEVELS);
  if (path === undefined || path.length === 0) throw new BadField(`file ${i} has no path`);
  return path.map((element) => {
    if (!(element instanceof Uint8Array)) throw new BadField(`the path of file ${i} is not a list of names`);
    return elementOf(element);
  });
}

function elementsOf(raw: readonly string[], i: number): string[] {
  const elements = raw.map(safeElement);
  const kept = elements.filter((element) => element !== null);
  if (kept.length === 0 || elements.at(-1) === null) throw new BadField(`file ${i} has no file name`);
  return kept;
}

/** BEP 27 says 1; any other integer but 0 means it as well, in libtorrent and transmission too. */
function isPrivate(info: BencodeDict): boolean {
  const flag = field(info, 'private');
  return typeof flag === 'number' && flag !== 0;
}

/** BEP 12: `announce-list` replaces `announce` where it names any tracker. */
function trackersOf(torrent: BencodeDict): string[][] {
  const tiers = tiersOf(torrent, 'announce-list');
  if (tiers.length > 0) return tiers;
  const announce = tiersOf(torrent, 'announce').flat();
  return announce.length > 0 ? [announce] : [];
}

/** The URLs of a field, in groups; what is no text, or too long to be one, is passed over, and so are those beyond the bound. */
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
