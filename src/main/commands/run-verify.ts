/** What `unchoke verify` does: is what lies on disk what the torrent says? */
import { relative } from 'node:path';
import { lengthOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { Console } from '../console.ts';
import { descriptorBudget } from '../descriptors.ts';
import { EXIT_STATUS } from '../failure.ts';
import { fileVerdicts } from '../file-verdicts.ts';
import { HashPool } from '../hash-pool.ts';
import { storagePlan } from '../storage.ts';
import { loadTorrent } from '../torrent/load.ts';
import { formatDuration, formatRate, formatSize } from '../units.ts';
import { WorkProgress } from '../work-progress.ts';
import { hashersOf } from './options.ts';

export interface Flags {
  readonly hashers: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

export async function runVerify(source: string, folder: string, flags: Flags): Promise<number> {
  const metainfo = loadTorrent(source);
  const console = new Console(flags);
  const plan = storagePlan(metainfo, folder);
  const { geometry: g } = metainfo;
  const hashers = hashersOf(flags);
  const hashes = new SharedArrayBuffer(metainfo.pieceHashes.length);
  new Uint8Array(hashes).set(metainfo.pieceHashes);
  const pool = new HashPool(hashers, {
    arena: null,
    geometry: g,
    hashes,
    files: plan.files,
    padding: plan.padding,
    openFiles: descriptorBudget(0, hashers, 1).filesPerHasher,
  });
  const progress = new WorkProgress(console, 'verifying', g.totalLength);
  const good = new Uint8Array(g.pieceCount);
  try {
    await pool.scan('check', (result) => {
      if (result.type !== 'checked') return;
      for (const piece of result.good) good[piece] = 1;
      for (const list of [result.good, result.bad, result.missing]) {
        progress.add(list.reduce((sum: number, piece: PieceIndex) => sum + lengthOfPiece(g, piece), 0));
      }
    });
  } finally {
    await pool.close();
  }
  const elapsedMs = progress.elapsedMs;
  const files = fileVerdicts(plan.files, g, good);
  const goodPieces = good.reduce((sum, one) => sum + one, 0);
  const whole = goodPieces === g.pieceCount && files.every(({ status }) => status === 'good');
  console.event('verified', { ms: elapsedMs, pieces: g.pieceCount, goodPieces, files });
  for (const { path, length, status, badPieces } of files) {
    const detail = status === 'bad' ? ` (${badPieces} bad pieces)` : '';
    console.result(
      `${status.padEnd(8)} ${formatSize(length).padStart(10)}  ${relative(plan.folder, path)}${detail}`,
    );
  }
  const rate = elapsedMs > 0 ? (g.totalLength * 1_000) / elapsedMs : 0;
  console.result(
    `${goodPieces} of ${g.pieceCount} pieces good; ${formatSize(g.totalLength)} in ${formatDuration(elapsedMs)} (${formatRate(rate)})`,
  );
  return whole ? 0 : EXIT_STATUS['bad-data'];
}
