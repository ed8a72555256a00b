/** Runs `unchoke create`: makes a .torrent from a file or a folder. */
import { basename } from 'node:path';
import type { TorrentId } from '../../../shared/indices.ts';
import { MAX_PATH_ELEMENT_BYTES } from '../../../shared/limits.ts';
import { isAnyTrackerUrl, TRACKER_FORM } from '../../discovery/tracker-url.ts';
import { BadOption, Failure } from '../../failure.ts';
import { absolutePath } from '../../files/absolute-path.ts';
import { outputFile } from '../../files/output-option.ts';
import { descriptorBudget } from '../../pools/descriptors.ts';
import { StoragePool } from '../../pools/storage-pool.ts';
import { makeTorrent } from '../../storage/make-torrent.ts';
import { typedUrl } from '../../text/foreign-text.ts';
import { counted, formatDuration, formatRate, formatSize } from '../../text/units.ts';
import { magnetLink } from '../../torrent/magnet-link.ts';
import { parseMetainfo } from '../../torrent/metainfo.ts';
import { canBe, marked, platformRules } from '../../torrent/name-rules.ts';
import { sourceOf } from '../../torrent/source-files.ts';
import { assertOutputFree, torrentPath, writeTorrent } from '../../torrent/torrent-output.ts';
import type { CreateFlags } from '../commands/create.ts';
import { Console } from '../output/console.ts';
import { hashRows, hexOf, version2Hex } from '../output/hash-rows.ts';
import { WorkProgress } from '../output/work-progress.ts';
import { consoleOptions, parseHashers } from '../settings-from-flags.ts';
import { chosenVersion, parsePieceLength } from '../share-settings.ts';
import { assertNoLink } from './no-link.ts';

const ONLY_TORRENT = 1 as TorrentId;

export async function runCreate(path: string, flags: CreateFlags): Promise<void> {
  const hashers = parseHashers(flags.hashers);
  const pieceLength = flags.pieceLength === undefined ? null : parsePieceLength(flags.pieceLength);
  const version = chosenVersion(flags);
  assertUrls('--tracker', flags.tracker, isAnyTrackerUrl, `not the URL of a tracker; ${TRACKER_FORM}`);
  assertUrls('--web-seed', flags.webSeed, isServerUrl, 'not the URL of a server; write http://HOST/PATH');
  assertNoLink('create', path, 'it makes a torrent of your own files');
  const name = nameOf(path, flags.name);
  const file = marked(`${name}.torrent`, '', MAX_PATH_ELEMENT_BYTES);
  const output = flags.output === undefined ? file : outputFile('--output', torrentPath(flags.output, file));
  assertOutputFree(output, flags.force === true);
  const source = sourceOf(path, output);
  const console = new Console(consoleOptions(flags));
  for (const { path: left, reason } of source.leftOut) console.news(`left out: ${left} (${reason})`);
  const choices = {
    name,
    version,
    pieceLength,
    trackers: flags.tracker,
    webSeeds: flags.webSeed,
    private: flags.private === true,
    comment: flags.comment ?? null,
  };
  const progress = new WorkProgress(console, 'hashing', source.totalLength);
  const pool = new StoragePool({ threads: hashers, openFiles: descriptorBudget(0, hashers).filesPerHasher });
  const bytes = await fitting(flags.pieceLength, () =>
    makeTorrent(source, choices, pool, ONLY_TORRENT, (hashed) => progress.add(hashed)),
  ).finally(() => pool.close());
  // We must be able to read what we wrote.
  const metainfo = parseMetainfo(bytes, output);
  writeTorrent(output, bytes);
  const { geometry: g } = metainfo;
  const { elapsedMs } = progress;
  console.event({
    type: 'created',
    path: output,
    infoHash: hexOf(metainfo.infoHash),
    infoHashV2: version2Hex(metainfo),
    magnet: magnetLink(metainfo),
    bytes: source.totalLength,
    pieces: g.pieceCount,
    pieceLength: g.pieceLength,
    files: source.files.length,
    leftOut: source.leftOut,
    ms: elapsedMs,
  });
  console.result([
    output,
    ...hashRows(metainfo).map(([kind, hash]) => `${kind} ${hash}`),
    magnetLink(metainfo),
    `${formatSize(source.totalLength)} in ${counted(g.pieceCount, 'piece')} of ${formatSize(g.pieceLength)}, ${counted(source.files.length, 'file')}; ` +
      `hashed in ${formatDuration(elapsedMs)} (${formatRate((source.totalLength * 1_000) / elapsedMs)})`,
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

function assertUrls(
  option: string,
  urls: readonly string[],
  isGood: (url: string) => boolean,
  why: string,
): void {
  for (const url of urls) if (!isGood(url)) throw new BadOption(option, `${typedUrl(url)}: ${why}`);
}

/** BEP 19 names FTP as well; other clients may have it. */
function isServerUrl(text: string): boolean {
  return /^(?:https?|ftp):\/\/./i.test(text) && URL.canParse(text);
}

/** The user chose a piece length that does not fit. */
async function fitting<Result>(asked: string | undefined, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RangeError) || asked === undefined) throw error;
    throw new BadOption('--piece-length', `${asked}: ${error.message}`, { cause: error });
  }
}
