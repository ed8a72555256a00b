/** Makes a torrent from files: hashes them on all threads. */
import { dirname } from 'node:path';
import { type ByteKeyedDict, encodeByteKeyed } from '../../shared/byte-keyed-dict.ts';
import type { TorrentId } from '../../shared/indices.ts';
import { PIECE_HASH_BYTES } from '../../shared/piece-hashes.ts';
import { Failure } from '../failure.ts';
import { CLIENT_NAME } from '../network/identity.ts';
import type { StoragePool } from '../pools/storage-pool.ts';
import { type MadeInfo, madeInfo } from '../torrent/made-info.ts';
import { layoutOf } from '../torrent/made-layout.ts';
import { assertUnchanged, type Source } from '../torrent/source-files.ts';
import { defaultVersion, type TorrentVersion } from '../torrent/torrent-version.ts';
import { placesOf } from './names/places.ts';
import { sourceHashes } from './source-hashes.ts';

/** What the author of a torrent chooses. */
export interface TorrentChoices {
  readonly name: string;
  /** Null for the one that suits the source. */
  readonly version: TorrentVersion | null;
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
  const version = choices.version ?? defaultVersion(source.files[0]?.elements === null, choices.private);
  if (version === 'v2') assertFolderKept(source);
  const layout = layoutOf(source, version, choices.pieceLength);
  try {
    const hashes = await sourceHashes(layout, pool, id, onHashed);
    assertUnchanged(source);
    return encodeByteKeyed(torrentOf(madeInfo(layout, hashes, choices), choices));
  } catch (error) {
    // It may be the reason.
    assertUnchanged(source);
    throw error;
  }
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
  const { paths } = placesOf({ files: listed, infoHash: new Uint8Array(PIECE_HASH_BYTES) }, dirname(root));
  const lost = files.find(({ path }, i) => path !== paths[i]);
  if (lost !== undefined)
    throw new Failure(
      'usage',
      `${lost.path}: unchoke could not find this file again by its name in the torrent; rename it first`,
    );
}

/** BEP 52: a tree with one file and no folder is that file alone, so the folder would be lost. */
function assertFolderKept({ root, files }: Source): void {
  if (files.length !== 1 || files[0]?.elements?.length !== 1) return;
  throw new Failure(
    'usage',
    `${root}: version 2 alone cannot describe a folder with one file in it; name the file itself, or use --hybrid`,
  );
}

function torrentOf(
  { info, layers }: MadeInfo,
  { trackers, webSeeds, comment }: TorrentChoices,
): ByteKeyedDict {
  const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
  const [announce] = trackers;
  const tiers = trackers.map((url) => [utf8(url)]);
  const torrent: ByteKeyedDict = new Map();
  torrent.set('created by', utf8(CLIENT_NAME));
  torrent.set('creation date', Math.floor(Date.now() / 1_000));
  torrent.set('info', info);
  if (layers !== null) torrent.set('piece layers', layers);
  if (announce !== undefined) torrent.set('announce', utf8(announce));
  if (tiers.length > 1) torrent.set('announce-list', tiers);
  if (webSeeds.length > 0) torrent.set('url-list', webSeeds.map(utf8));
  if (comment !== null) torrent.set('comment', utf8(comment));
  return torrent;
}
