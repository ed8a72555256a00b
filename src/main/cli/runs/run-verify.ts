/** Runs `unchoke verify`: compares the files on disk with the torrent. */
import { statSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { diskPath } from '../../../shared/byte-name.ts';
import { dataOfPiece, piecesOf } from '../../../shared/geometry.ts';
import type { PieceIndex, TorrentId } from '../../../shared/indices.ts';
import { EXIT_STATUS, Failure } from '../../failure.ts';
import { diskFailure } from '../../files/disk-failure.ts';
import { descriptorBudget } from '../../pools/descriptors.ts';
import { StoragePool } from '../../pools/storage-pool.ts';
import { type FileVerdict, fileVerdicts, type Look, lookAt } from '../../storage/file-verdicts.ts';
import { layersFromData } from '../../storage/layers-from-data.ts';
import { nearbyFiles } from '../../storage/nearby-files.ts';
import { checkOnDisk } from '../../storage/piece-check.ts';
import { type StoragePlan, storagePlan } from '../../storage/storage-plan.ts';
import { counted, formatDuration, formatRate, formatSize } from '../../text/units.ts';
import { loadTorrent } from '../../torrent/load.ts';
import { hashesOf, lacksPieceHashes, type Metainfo } from '../../torrent/metainfo.ts';
import { isPath } from '../../torrent/source.ts';
import type { VerifyFlags } from '../commands/verify.ts';
import { Console } from '../output/console.ts';
import { WorkProgress } from '../output/work-progress.ts';
import { consoleOptions, parseHashers } from '../settings-from-flags.ts';

const ONLY_TORRENT = 1 as TorrentId;

export async function runVerify(source: string, folder: string, flags: VerifyFlags): Promise<number> {
  const hashers = parseHashers(flags.hashers);
  if (!isPath(source))
    throw new Failure(
      'usage',
      'verify reads only .torrent files, not links or info hashes; get --save-torrent makes a file from a magnet link',
    );
  const metainfo = loadTorrent(source);
  assertFolder(folder, metainfo);
  const plan = storagePlan(metainfo, folder);
  const looks = plan.files.map(({ path }) => lookAt(path));
  if (looks.length > 0 && looks.every(({ kind }) => kind === 'nothing')) throw nothingThere(plan);
  const console = new Console(consoleOptions(flags));
  const { geometry: g } = metainfo;
  const progress = new WorkProgress(console, 'verifying', g.contentLength);
  const readable = plan.files.filter((_, i) => looks[i]?.kind === 'file');
  const hasItsLength = plan.files.filter(({ length }, i) => sizeOf(looks[i]) === length);
  const checked = await checkedPieces(
    metainfo,
    { ...plan, files: readable },
    { hasItsLength, hashers, progress },
  );
  const { good, unproven } = checked;
  const elapsedMs = progress.elapsedMs;
  const files = fileVerdicts(plan.files, looks, g, good).map((file) => withoutHashes(file, unproven));
  const goodCount = good.reduce((sum, one) => sum + one, 0);
  const whole = goodCount === g.pieceCount && files.every(({ status }) => status === 'good');
  console.event({ type: 'verified', ms: elapsedMs, pieces: g.pieceCount, goodPieces: goodCount, files });
  for (const file of files) {
    const path = relative(plan.folder, file.path);
    console.result(
      `${file.status.padEnd(8)} ${formatSize(file.length).padStart(10)}  ${path}${detailOf(file)}`,
    );
  }
  const rate = elapsedMs > 0 ? (g.contentLength * 1_000) / elapsedMs : 0;
  console.result(
    `${goodCount} of ${g.pieceCount} pieces good; ${formatSize(g.contentLength)} in ${formatDuration(elapsedMs)} (${formatRate(rate)})`,
  );
  if (whole) return 0;
  console.news(
    'to fetch what is bad or missing, run unchoke get with the same torrent and -o with this folder',
  );
  return EXIT_STATUS['bad-data'];
}

function detailOf({ status, badPieces, sharedBadPieces, fault }: FileVerdict): string {
  if (status !== 'bad') return '';
  const pieces =
    badPieces > 0 ? [counted(badPieces, 'bad piece') + sharedText(badPieces, sharedBadPieces)] : [];
  return ` (${[...(fault === null ? [] : [fault]), ...pieces].join(', ')})`;
}

/** A piece that is shared may be bad because of the other file. */
function sharedText(bad: number, shared: number): string {
  if (shared === 0) return '';
  return `, ${bad === 1 ? '' : `${shared} of them `}shared with another file`;
}

function sizeOf(look: Look | undefined): number | null {
  return look?.kind === 'file' ? look.size : null;
}

/** Which of its pieces are bad is not known: only its root says that it is not right as a whole (BEP 52). */
function withoutHashes(file: FileVerdict, unproven: ReadonlySet<string>): FileVerdict {
  if (!unproven.has(file.path)) return file;
  const fault = 'its content is not that of the torrent, which has no hashes of its pieces';
  return { ...file, fault, badPieces: 0 };
}

interface Checked {
  /** 1 for each piece that is good. */
  readonly good: Uint8Array;
  /** Paths of files that are not right as a whole, and of whose pieces nothing is known. */
  readonly unproven: ReadonlySet<string>;
}

interface HowToCheck {
  /** The files that are as long as they should be. */
  readonly hasItsLength: StoragePlan['files'];
  readonly hashers: number;
  readonly progress: WorkProgress;
}

async function checkedPieces(
  metainfo: Metainfo,
  { files, padding }: StoragePlan,
  { hasItsLength: whole, hashers, progress }: HowToCheck,
): Promise<Checked> {
  const { geometry: g } = metainfo;
  const openFiles = descriptorBudget(0, hashers).filesPerHasher;
  const pool = new StoragePool({ threads: hashers, openFiles });
  const stored = pool.register(ONLY_TORRENT, {
    arena: null,
    geometry: g,
    hashes: hashesOf(metainfo),
    files,
    padding,
    followLinks: true,
  });
  const good = new Uint8Array(g.pieceCount);
  const isChecked = new Uint8Array(g.pieceCount);
  const unproven = new Set<string>();
  const onHashed = (pieces: readonly PieceIndex[]): void => {
    for (const piece of pieces) isChecked[piece] = 1;
    progress.add(pieces.reduce((sum, piece) => sum + dataOfPiece(g, piece), 0));
  };
  try {
    // A hybrid has other hashes.
    if (lacksPieceHashes(metainfo)) {
      const found = await layersFromData(stored, metainfo, { whole, onHashed });
      for (const piece of found.proven) good[piece] = 1;
      const wrong = new Set(found.unproven);
      for (const file of whole)
        if (file.length > 0 && wrong.has(piecesOf(g, file).first)) unproven.add(file.path);
    }
    const left = [...isChecked.keys()].filter((piece) => isChecked[piece] === 0) as PieceIndex[];
    await checkOnDisk(stored, metainfo, left, (part) => {
      for (const piece of part.good) good[piece] = 1;
      onHashed([...part.good, ...part.bad, ...part.missing]);
    });
  } finally {
    await pool.close();
  }
  return { good, unproven };
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
