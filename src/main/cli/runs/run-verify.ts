/** Runs `unchoke verify`: compares the files on disk with the torrent. */
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { diskPath } from '../../../shared/byte-name.ts';
import { EXIT_STATUS, Failure } from '../../failure.ts';
import { diskFailure } from '../../files/disk-failure.ts';
import { descriptorBudget } from '../../pools/descriptors.ts';
import { StoragePool } from '../../pools/storage-pool.ts';
import { type FileVerdict, lookAt } from '../../storage/file-verdicts.ts';
import { nearbyFiles } from '../../storage/nearby-files.ts';
import { type StoragePlan, storagePlan } from '../../storage/storage-plan.ts';
import { FilesToVerify, type Verification } from '../../storage/verification.ts';
import { formatDuration, formatRate, formatSize } from '../../text/units.ts';
import { loadTorrent } from '../../torrent/load.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { selectFiles } from '../../torrent/selection.ts';
import { isPath } from '../../torrent/source.ts';
import type { VerifyFlags } from '../commands/verify.ts';
import { Console } from '../output/console.ts';
import { fileLine, repairCommand, sumsOf } from '../output/verify-text.ts';
import { WorkProgress } from '../output/work-progress.ts';
import { consoleOptions, parseHashers } from '../settings-from-flags.ts';

export async function runVerify(source: string, folder: string, flags: VerifyFlags): Promise<number> {
  const hashers = parseHashers(flags.hashers);
  if (!isPath(source))
    throw new Failure(
      'usage',
      'verify reads only .torrent files, not links or info hashes; get --save-torrent makes a file from a magnet link',
    );
  const metainfo = loadTorrent(source);
  assertFolder(folder, metainfo);
  const console = new Console(consoleOptions(flags));
  const selected = await selectFiles(metainfo, { kind: 'torrent', metainfo }, flags.select, (text) =>
    console.news(text),
  );
  const plan = storagePlan(metainfo, folder);
  const looks = plan.files.map(({ path }) => lookAt(path));
  if (looks.length > 0 && looks.every(({ kind }) => kind === 'nothing')) throw nothingThere(plan);
  const work = new FilesToVerify(metainfo, plan, looks, selected && inPlan(metainfo, selected));
  const progress = new WorkProgress(console, 'verifying', work.bytes);
  const found = await verified(work, hashers, progress);
  const { files, pieces, goodPieces } = found;
  const ms = progress.elapsedMs;
  console.event({ type: 'verified', ms, pieces, goodPieces, files });
  for (const file of files) console.result(fileLine(file, plan.folder));
  const rate = ms > 0 ? (work.bytes * 1_000) / ms : 0;
  console.result(
    `${sumsOf(files)}; ${goodPieces} of ${pieces} pieces good; ${formatSize(work.bytes)} in ${formatDuration(ms)} (${formatRate(rate)})`,
  );
  if (goodPieces === pieces && files.every(({ status }) => status === 'good')) return 0;
  for (const text of advice(files, flags.select)) console.news(text);
  console.news(`to fetch what is not good: ${repairCommand(source, folder, flags.select)}`);
  return EXIT_STATUS['bad-data'];
}

async function verified(work: FilesToVerify, hashers: number, progress: WorkProgress): Promise<Verification> {
  const openFiles = descriptorBudget(0, hashers).filesPerHasher;
  const pool = new StoragePool({ threads: hashers, openFiles });
  try {
    return await work.verify(pool, (bytes) => progress.add(bytes));
  } finally {
    await pool.close();
  }
}

/** Files as people count them, which are all but padding; the plan has no links. */
function inPlan({ files }: Metainfo, selected: ReadonlySet<number>): ReadonlySet<number> {
  const shown = files.filter(({ padding }) => !padding);
  const planned = [...shown.keys()].filter((file) => shown[file]?.link === null);
  return new Set([...planned.keys()].filter((file) => selected.has(planned[file] ?? -1)));
}

/** What the user may not expect. */
function advice(files: readonly FileVerdict[], select: readonly string[]): string[] {
  const told: string[] = [];
  if (files.some(({ uncertainPieces }) => uncertainPieces > 0))
    told.push(
      'not to be judged: a piece that also has bytes of a file that is not there, or whose hash is not known; get fetches such a piece again',
    );
  const some = files.filter(({ status }) => status !== 'missing').length;
  if (select.length === 0 && some > 0 && some < files.length)
    told.push('if you fetched only some files: verify and get take the same --select');
  return told;
}

function assertFolder(folder: string, metainfo: Metainfo): void {
  let isFolder: boolean;
  try {
    isFolder = statSync(diskPath(folder)).isDirectory();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT')
      throw new Failure('disk', `${folder}: this folder does not exist`, { cause: error });
    throw diskFailure(code, folder, error);
  }
  if (isFolder) return;
  const plan = storagePlan(metainfo, dirname(folder));
  const isThere = plan.files.some(({ path }) => lookAt(path).kind !== 'nothing');
  const hint = isThere ? `give the folder of the download: ${plan.folder}` : hintFor(plan);
  throw new Failure('disk', `${folder}: this is a file; ${hint}`);
}

/** No file of the torrent is there: a wrong folder is more likely than a lost download. */
function nothingThere(plan: StoragePlan): Failure {
  return new Failure('disk', `${plan.folder}: no file of ${basename(plan.root)} is there; ${hintFor(plan)}`);
}

function hintFor(plan: StoragePlan): string {
  return nearbyFiles(plan) ?? 'give the folder that contains it';
}
