/**
 * Parses a .torrent file (BEP 3, 12 announce tiers, 19 web seeds, 27 private, 47 padding). A stranger may have written it, so
 * each field is checked before it is used. Version 2 (BEP 52) is refused; a hybrid is read as the version 1 torrent that it
 * also is.
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
import { type Geometry, geometry } from '../../shared/geometry.ts';
import { MAX_TORRENT_FILE_BYTES, MAX_TRACKERS, MAX_URL_CHARS } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { BadField } from './bad-field.ts';
import { dhtNodesOf } from './dht-nodes.ts';
import { fileListOf, type TorrentFile } from './file-list.ts';
import { otherContent } from './other-content.ts';

export interface Metainfo {
  readonly infoHash: Uint8Array;
  /** The info dictionary as it was hashed. */
  readonly info: Uint8Array;
  readonly name: string;
  readonly geometry: Geometry;
  /** 20 bytes per piece. */
  readonly pieceHashes: Uint8Array;
  readonly files: readonly TorrentFile[];
  /** Tracker URLs by tier (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly private: boolean;
  /** DHT nodes (BEP 5). */
  readonly nodes: readonly HostPort[];
  readonly comment: string | null;
  readonly createdBy: string | null;
}

const HASH_BYTES = 20;

/**
 * Parses a .torrent. Throws a `bad-torrent` failure that names `source` and says what is wrong. `again`: what to do about bytes that
 * are not all there.
 */
export function parseMetainfo(bytes: Uint8Array, source: string, again = 'download it again'): Metainfo {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof BencodeError || error instanceof BadField || error instanceof RangeError) {
      const what = otherContent(bytes) ?? faultOf(bytes, error, again);
      throw new Failure('bad-torrent', `${source}: ${what}`, { cause: error });
    }
    throw error;
  }
}

/** First in words for people, then what the parser says. */
function faultOf(bytes: Uint8Array, error: Error, again: string): string {
  if (bytes.length === 0) return `it is empty; ${again}`;
  if (!(error instanceof BencodeError)) return `not a usable torrent: ${error.message}`;
  // A dictionary with a key: no other kind of file begins like this.
  const isTorrent = /^d\d{1,9}:/.test(Buffer.from(bytes.subarray(0, 16)).toString('latin1'));
  if (!isTorrent)
    return `this is not a torrent; give a .torrent file, a magnet link or an info hash (${error.message})`;
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
  const pieceHashes = bytesField(info, 'pieces');
  if (pieceHashes === undefined) {
    if (field(info, 'meta version') !== undefined)
      throw new BadField('it has only version 2 (BEP 52), which unchoke cannot read yet');
    throw new BadField('"info" has no "pieces"');
  }
  const infoHash = createHash('sha1').update(infoBytes).digest();
  const { name, files } = fileListOf(info, infoHash.toString('hex'));
  const totalLength = files.reduce((sum, file) => sum + file.length, 0);
  const g = geometry(totalLength, integerField(info, 'piece length') ?? 0);
  if (pieceHashes.length !== g.pieceCount * HASH_BYTES) {
    throw new BadField(
      `"pieces" holds ${pieceHashes.length / HASH_BYTES} hashes, but there are ${g.pieceCount} pieces`,
    );
  }
  return {
    infoHash,
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
