/** What `unchoke share` gives to peers: the torrents of the paths that the user named, made if there are none. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { diskPath, nameOfBytes } from '../../../shared/byte-name.ts';
import type { TorrentId } from '../../../shared/indices.ts';
import { BadOption, Failure } from '../../failure.ts';
import { absolutePath } from '../../files/absolute-path.ts';
import { diskFailure } from '../../files/disk-failure.ts';
import { descriptorBudget } from '../../pools/descriptors.ts';
import { StoragePool } from '../../pools/storage-pool.ts';
import { MadeTorrents } from '../../storage/made-torrents.ts';
import { makeTorrent, type TorrentChoices } from '../../storage/make-torrent.ts';
import type { SeedRecords } from '../../storage/seed-record.ts';
import { vouchFor } from '../../storage/shared-data.ts';
import { type StoragePlan, storagePlan } from '../../storage/storage-plan.ts';
import { loadTorrent } from '../../torrent/load.ts';
import { type Metainfo, parseMetainfo } from '../../torrent/metainfo.ts';
import { sourceOf } from '../../torrent/source-files.ts';
import { writeTorrent } from '../../torrent/torrent-output.ts';
import type { Console } from '../output/console.ts';
import { WorkProgress } from '../output/work-progress.ts';
import type { ShareSettings } from '../share-settings.ts';
import { assertNoLink } from './no-link.ts';

export interface SharedItem {
  readonly metainfo: Metainfo;
  readonly plan: StoragePlan;
}

/** Not made anew while the files look the same. One torrent is hashed after the other, each on all threads. */
export async function sharedItems(
  paths: readonly string[],
  settings: ShareSettings,
  records: SeedRecords,
  console: Console,
): Promise<SharedItem[]> {
  const items: SharedItem[] = [];
  for (const path of paths.flatMap(torrentsIn)) {
    const item = isTorrentFile(path)
      ? ofTorrent(path, settings.data)
      : await ofData(path, settings, records, console);
    const twin = items.find(
      ({ metainfo }) => Buffer.compare(metainfo.infoHash, item.metainfo.infoHash) === 0,
    );
    if (twin === undefined) items.push(item);
    else console.news(`${path}: the same torrent as ${twin.plan.root}; it is shared once`);
  }
  return items;
}

/** A folder in which there is nothing but .torrent files stands for them. */
function torrentsIn(path: string): string[] {
  assertNoLink('share', path, 'unchoke get --seed downloads the data and gives it to peers');
  let names: string[];
  try {
    if (!statSync(diskPath(path)).isDirectory()) return [path];
    names = readdirSync(diskPath(path), { encoding: 'buffer' }).map(nameOfBytes);
  } catch (error) {
    throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
  }
  const shown = names.filter((name) => !name.startsWith('.'));
  const isList = shown.length > 0 && shown.every(isTorrentFile);
  return isList ? shown.sort().map((name) => join(path, name)) : [path];
}

function isTorrentFile(path: string): boolean {
  return path.toLowerCase().endsWith('.torrent');
}

function ofTorrent(path: string, data: string | null): SharedItem {
  const metainfo = loadTorrent(path);
  return { metainfo, plan: storagePlan(metainfo, data ?? dirname(absolutePath(path))) };
}

async function ofData(
  path: string,
  settings: ShareSettings,
  records: SeedRecords,
  console: Console,
): Promise<SharedItem> {
  const source = sourceOf(path, settings.saveTorrent ?? '');
  for (const { path: left, reason } of source.leftOut) console.news(`left out: ${left} (${reason})`);
  const { torrent, version, pieceLength, private: isPrivate, saveTorrent } = settings;
  if (isPrivate && torrent.tracker.length === 0)
    throw new Failure(
      'usage',
      '--private needs --tracker: peers of a private torrent come from trackers only',
    );
  const choices = {
    name: basename(source.root),
    version,
    pieceLength,
    trackers: torrent.tracker,
    webSeeds: [],
    private: isPrivate,
    comment: null,
  };
  const made = new MadeTorrents();
  const known = made.find(source, choices);
  const asBefore = { ...choices, version: version ?? made.versionBefore(source, choices) };
  const bytes = known?.bytes ?? (await newTorrent(source, asBefore, settings, console));
  const metainfo = known?.metainfo ?? parseMetainfo(bytes, path);
  const plan = storagePlan(metainfo, dirname(source.root));
  if (known === null) {
    made.keep(source, choices, bytes);
    vouchFor(records, metainfo, plan);
  }
  if (saveTorrent !== null) writeTorrent(saveTorrent, bytes);
  return { metainfo, plan };
}

async function newTorrent(
  source: ReturnType<typeof sourceOf>,
  choices: TorrentChoices,
  { session: { hashers } }: ShareSettings,
  console: Console,
): Promise<Uint8Array> {
  const progress = new WorkProgress(console, 'hashing', source.totalLength);
  const pool = new StoragePool({ threads: hashers, openFiles: descriptorBudget(0, hashers).filesPerHasher });
  try {
    return await makeTorrent(source, choices, pool, 1 as TorrentId, (bytes) => progress.add(bytes));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadOption('--piece-length', `${choices.pieceLength}: ${error.message}`, { cause: error });
  } finally {
    await pool.close();
    console.endProgress();
  }
}
