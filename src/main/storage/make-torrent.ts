/** Makes a torrent from files: hashes them on all threads. */
import { dirname } from 'node:path';
import { type BencodeDict, encodeBencode } from '../../shared/bencode.ts';
import { bytesOfName } from '../../shared/byte-name.ts';
import { type Geometry, geometry } from '../../shared/geometry.ts';
import type { TorrentId } from '../../shared/indices.ts';
import { MAX_AUTO_PIECE_BYTES, MAX_AUTO_PIECES, MIN_AUTO_PIECE_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { CLIENT_NAME } from '../network/identity.ts';
import type { StoragePool } from '../pools/storage-pool.ts';
import { assertUnchanged, type Source } from '../torrent/source-files.ts';
import { placesOf } from './names/places.ts';

const HASH_BYTES = 20;

/** What the author of a torrent chooses. */
export interface TorrentChoices {
  readonly name: string;
  /** Bytes; null to choose one by the size of the source. */
  readonly pieceLength: number | null;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly private: boolean;
  readonly comment: string | null;
}

/**
 * The bytes of the .torrent file. `id`: a torrent that the pool does not know. `onHashed` gets the bytes of each part. Throws
 * RangeError for a piece length that does not fit, and a Failure if a file changed meanwhile or could not be read.
 */
export async function makeTorrent(
  source: Source,
  choices: TorrentChoices,
  pool: StoragePool,
  id: TorrentId,
  onHashed: (bytes: number) => void,
): Promise<Uint8Array> {
  assertFoundAgain(source);
  const g = geometryOf(source, choices.pieceLength);
  const pieces = await hashesOf(source, g, pool, id, onHashed);
  assertUnchanged(source);
  return encodeBencode(torrentOf(source, g, pieces, choices));
}

/** How the source is divided into pieces. Throws RangeError for a piece length that does not fit. */
export function geometryOf({ totalLength }: Source, pieceLength: number | null): Geometry {
  return geometry(totalLength, pieceLength ?? autoPieceLength(totalLength));
}

/** Few pieces make a small .torrent; small pieces make a quick start. */
function autoPieceLength(totalLength: number): number {
  let pieceLength = MIN_AUTO_PIECE_BYTES;
  while (pieceLength < MAX_AUTO_PIECE_BYTES && totalLength / pieceLength > MAX_AUTO_PIECES) pieceLength *= 2;
  return pieceLength;
}

/** `verify` must find the files of a torrent that `create` makes. A name that it would look for elsewhere is an error now. */
function assertFoundAgain({ root, name, files }: Source): void {
  const listed = files.map(({ elements, length }) => ({
    path: [],
    rawPath: [name, ...(elements ?? [])],
    urlSpellings: [],
    length,
    offset: 0,
    padding: false,
    link: null,
  }));
  const { paths } = placesOf({ files: listed, infoHash: new Uint8Array(HASH_BYTES) }, dirname(root));
  const lost = files.find(({ path }, i) => path !== paths[i]);
  if (lost !== undefined)
    throw new Failure(
      'usage',
      `${lost.path}: unchoke could not find this file again by its name in the torrent; rename it first`,
    );
}

async function hashesOf(
  source: Source,
  g: Geometry,
  pool: StoragePool,
  id: TorrentId,
  onHashed: (bytes: number) => void,
): Promise<Uint8Array> {
  let offset = 0;
  const files = source.files.map(({ path, length }) => {
    const file = { path, offset, length };
    offset += length;
    return file;
  });
  const pieces = new Uint8Array(g.pieceCount * HASH_BYTES);
  const stored = pool.register(id, {
    arena: null,
    geometry: g,
    hashes: { sha1: new SharedArrayBuffer(0), trees: null },
    files,
    padding: [],
    followLinks: true,
  });
  try {
    await stored.scan('digest', (result) => {
      if (result.type !== 'digested') return;
      pieces.set(result.hashes, result.first * HASH_BYTES);
      onHashed(result.count * g.pieceLength);
    });
  } catch (error) {
    assertUnchanged(source);
    throw error;
  } finally {
    await stored.close();
  }
  return pieces;
}

function torrentOf(
  source: Source,
  g: Geometry,
  pieces: Uint8Array,
  { name, trackers, webSeeds, private: isPrivate, comment }: TorrentChoices,
): BencodeDict {
  const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
  const info: BencodeDict = { name: bytesOfName(name), 'piece length': g.pieceLength, pieces };
  const [first] = source.files;
  if (first?.elements === null) info['length'] = first.length;
  else
    info['files'] = source.files.map(({ elements, length }) => ({
      length,
      path: (elements ?? []).map(bytesOfName),
    }));
  if (isPrivate) info['private'] = 1;
  const torrent: BencodeDict = {
    'created by': utf8(CLIENT_NAME),
    'creation date': Math.floor(Date.now() / 1_000),
    info,
  };
  const [announce] = trackers;
  if (announce !== undefined) torrent['announce'] = utf8(announce);
  if (trackers.length > 1) torrent['announce-list'] = trackers.map((url) => [utf8(url)]);
  if (webSeeds.length > 0) torrent['url-list'] = webSeeds.map(utf8);
  if (comment !== null) torrent['comment'] = utf8(comment);
  return torrent;
}
