/** Runs `unchoke create`: makes a .torrent from a file or a folder. */
import { basename, dirname } from 'node:path';
import { type BencodeDict, encodeBencode } from '../../../shared/bencode.ts';
import { bytesOfName } from '../../../shared/byte-name.ts';
import { type Geometry, geometry } from '../../../shared/geometry.ts';
import type { TorrentId } from '../../../shared/indices.ts';
import {
  MAX_AUTO_PIECE_BYTES,
  MAX_AUTO_PIECES,
  MAX_PATH_ELEMENT_BYTES,
  MIN_AUTO_PIECE_BYTES,
} from '../../../shared/limits.ts';
import { BadOption, Failure } from '../../failure.ts';
import { absolutePath } from '../../files/absolute-path.ts';
import { outputFile } from '../../files/output-option.ts';
import { CLIENT_NAME } from '../../network/identity.ts';
import { descriptorBudget } from '../../pools/descriptors.ts';
import { StoragePool } from '../../pools/storage-pool.ts';
import { placesOf } from '../../storage/names/places.ts';
import { counted, formatDuration, formatRate, formatSize, parseSize } from '../../text/units.ts';
import { magnetLink } from '../../torrent/magnet-link.ts';
import { parseMetainfo } from '../../torrent/metainfo.ts';
import { canBe, marked, platformRules } from '../../torrent/name-rules.ts';
import { assertUnchanged, type Source, sourceOf } from '../../torrent/source-files.ts';
import { assertOutputFree, torrentPath, writeTorrent } from '../../torrent/torrent-output.ts';
import type { CreateFlags } from '../commands/create.ts';
import { Console } from '../output/console.ts';
import { WorkProgress } from '../output/work-progress.ts';
import { consoleOptions, parseHashers } from '../settings-from-flags.ts';

const HASH_BYTES = 20;
const ONLY_TORRENT = 1 as TorrentId;

export async function runCreate(path: string, flags: CreateFlags): Promise<void> {
  const hashers = parseHashers(flags.hashers);
  const pieceLength = flags.pieceLength === undefined ? null : parsePieceLength(flags.pieceLength);
  assertUrls('--tracker', flags.tracker);
  assertUrls('--web-seed', flags.webSeed);
  const name = nameOf(path, flags.name);
  const file = marked(`${name}.torrent`, '', MAX_PATH_ELEMENT_BYTES);
  const output = flags.output === undefined ? file : outputFile('--output', torrentPath(flags.output, file));
  assertOutputFree(output, flags.force === true);
  const source = sourceOf(path, output);
  const console = new Console(consoleOptions(flags));
  for (const { path: left, reason } of source.leftOut) console.news(`left out: ${left} (${reason})`);
  assertFoundAgain(source);
  const g = geometryOf(source, pieceLength, flags.pieceLength);
  const progress = new WorkProgress(console, 'hashing', g.totalLength);
  const pieces = await hashesOf(source, g, hashers, progress);
  assertUnchanged(source);
  const bytes = encodeBencode(torrentOf(source, name, g, pieces, flags));
  // We must be able to read what we wrote.
  const metainfo = parseMetainfo(bytes, output);
  writeTorrent(output, bytes);
  const hex = Buffer.from(metainfo.infoHash).toString('hex');
  const { elapsedMs } = progress;
  console.event({
    type: 'created',
    path: output,
    infoHash: hex,
    magnet: magnetLink(metainfo),
    bytes: g.totalLength,
    pieces: g.pieceCount,
    pieceLength: g.pieceLength,
    files: source.files.length,
    leftOut: source.leftOut,
    ms: elapsedMs,
  });
  console.result([
    output,
    `info hash ${hex}`,
    magnetLink(metainfo),
    `${formatSize(g.totalLength)} in ${counted(g.pieceCount, 'piece')} of ${formatSize(g.pieceLength)}, ${counted(source.files.length, 'file')}; ` +
      `hashed in ${formatDuration(elapsedMs)} (${formatRate((g.totalLength * 1_000) / elapsedMs)})`,
  ]);
}

/** Throws a usage failure for a name that no file can have. */
function nameOf(path: string, given: string | undefined): string {
  const name = given ?? basename(absolutePath(path));
  if (given === undefined && name === '')
    throw new Failure('usage', `${path}: it has no name; choose one with --name`);
  if (!canBe(name, platformRules())) throw new BadOption('--name', `${name}: not a valid file name`);
  return name;
}

function assertUrls(option: string, urls: readonly string[]): void {
  for (const url of urls) if (!URL.canParse(url)) throw new BadOption(option, `${url}: not a URL`);
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

function parsePieceLength(text: string): number {
  const bytes = parseSize('--piece-length', text);
  if (bytes < 16_384 || !Number.isInteger(Math.log2(bytes)))
    throw new BadOption('--piece-length', `${text}: not a power of two of at least 16K`);
  return bytes;
}

/** `pieceLength`: null to choose one by the size of the source. `asked` is the text that the user gave. */
function geometryOf(
  { totalLength }: Source,
  pieceLength: number | null,
  asked: string | undefined,
): Geometry {
  if (pieceLength === null) return geometry(totalLength, autoPieceLength(totalLength));
  try {
    return geometry(totalLength, pieceLength);
  } catch (error) {
    throw new BadOption('--piece-length', `${asked}: ${(error as Error).message}`, { cause: error });
  }
}

/** Few pieces make a small .torrent; small pieces make a quick start. */
function autoPieceLength(totalLength: number): number {
  let pieceLength = MIN_AUTO_PIECE_BYTES;
  while (pieceLength < MAX_AUTO_PIECE_BYTES && totalLength / pieceLength > MAX_AUTO_PIECES) pieceLength *= 2;
  return pieceLength;
}

async function hashesOf(
  source: Source,
  g: Geometry,
  hashers: number,
  progress: WorkProgress,
): Promise<Uint8Array> {
  let offset = 0;
  const files = source.files.map(({ path, length }) => {
    const file = { path, offset, length };
    offset += length;
    return file;
  });
  const pieces = new Uint8Array(g.pieceCount * HASH_BYTES);
  const { filesPerHasher: openFiles } = descriptorBudget(0, hashers);
  const pool = new StoragePool({ threads: hashers, openFiles });
  const stored = pool.register(ONLY_TORRENT, {
    arena: null,
    geometry: g,
    hashes: new SharedArrayBuffer(0),
    files,
    padding: [],
    followLinks: true,
  });
  try {
    await stored.scan('digest', (result) => {
      if (result.type !== 'digested') return;
      pieces.set(result.hashes, result.first * HASH_BYTES);
      progress.add((result.hashes.length / HASH_BYTES) * g.pieceLength);
    });
  } catch (error) {
    assertUnchanged(source);
    throw error;
  } finally {
    await pool.close();
  }
  return pieces;
}

function torrentOf(
  source: Source,
  name: string,
  g: Geometry,
  pieces: Uint8Array,
  flags: CreateFlags,
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
  if (flags.private === true) info['private'] = 1;
  const torrent: BencodeDict = {
    'created by': utf8(CLIENT_NAME),
    'creation date': Math.floor(Date.now() / 1_000),
    info,
  };
  const [announce] = flags.tracker;
  if (announce !== undefined) torrent['announce'] = utf8(announce);
  if (flags.tracker.length > 1) torrent['announce-list'] = flags.tracker.map((url) => [utf8(url)]);
  if (flags.webSeed.length > 0) torrent['url-list'] = flags.webSeed.map(utf8);
  if (flags.comment !== undefined) torrent['comment'] = utf8(flags.comment);
  return torrent;
}
