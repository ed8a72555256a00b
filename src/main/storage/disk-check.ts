/** Checks what is on disk when a download starts: which pieces are good, and which files belong to the torrent. */
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { STANDING } from '../../shared/standing.ts';
import type { StoredTorrent } from '../pools/stored-torrent.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { EdgePieces } from './edge-pieces.ts';
import { decideFiles, type FileDecision } from './file-decision.ts';
import { type Journal, lists, readJournal } from './journal.ts';
import type { JournalKey } from './journal-key.ts';
import { Judgement } from './judgement.ts';
import { journalName } from './names/name-beside.ts';
import type { OutputPlace } from './output-place.ts';
import { resumePlan } from './resume.ts';
import type { Survey } from './survey.ts';
import { paddingPieces, zeroPieces } from './zero-pieces.ts';

export interface DiskCheckOptions {
  readonly place: OutputPlace;
  readonly metainfo: Metainfo;
  readonly key: JournalKey | null;
  readonly edges: EdgePieces;
  readonly overwrite: boolean;
  /** Pieces hashed so far, and their total. */
  readonly onChecked: (pieces: number, total: number) => void;
}

export interface DiskCheck {
  /** By file of the plan. */
  readonly decisions: readonly FileDecision[];
  /** 1 for each piece that is right and stays. */
  readonly good: Uint8Array;
  /** Those of them that a journal claimed: their data is flushed. */
  readonly trusted: readonly PieceIndex[];
  /** Pieces that no journal claimed. */
  readonly rehashed: number;
  /** Files with a failed flush: what no journal claims in them is not good. The system may have it in memory and not on disk. */
  readonly doubted: ReadonlySet<number>;
}

/**
 * Trusts the journal as far as possible, hashes the rest of the files, and judges each file. Changes nothing. Rejects with a
 * `disk` failure, also if files are in the way.
 */
export async function checkDisk(
  stored: StoredTorrent,
  { found, looks }: Survey,
  options: DiskCheckOptions,
): Promise<DiskCheck> {
  const { place, metainfo, key } = options;
  const { plan } = place;
  const g = metainfo.geometry;
  const good = new Uint8Array(g.pieceCount);
  const journal = readJournal({ folder: place.root, name: journalName(plan.root) }, plan, metainfo, key);
  const { trusted, rehashed } = await checkPieces(stored, journal, looks, good, options);
  const judgement = new Judgement({
    plan,
    metainfo,
    found,
    good,
    isClaimed: (file) => isClaimed(journal, looks, file),
    isZeroPiece: zeroPieces(metainfo),
  });
  const blank = await stored.blankFiles(judgement.doubts());
  const decided = decideFiles(plan, found, judgement.verdicts(blank), options.overwrite);
  for (const [i, { action }] of decided.entries()) {
    const { first, end } = piecesOf(g, plan.files[i] ?? { offset: 0, length: 0 });
    if (action === 'replace') good.fill(0, first, end);
  }
  const doubted = journal?.doubted ?? new Set<number>();
  for (const file of doubted) forgetUnflushed(plan.files[file], journal, g, good);
  const decisions = decided.map((one, file) => ({
    ...one,
    // The same bytes must be written again: the system may have them in memory only.
    standing: doubted.has(file) && one.standing === STANDING.there ? STANDING.ours : one.standing,
    needsBytes: judgement.needsBytes(file),
  }));
  for (const piece of paddingPieces(metainfo)) good[piece] = 1;
  return { decisions, good, trusted: flushedPieces(journal, trusted, good), rehashed, doubted };
}

/** Marks good pieces. Returns the pieces that a journal claimed, and how many it did not claim. */
async function checkPieces(
  stored: StoredTorrent,
  journal: Journal | null,
  looks: Survey['looks'],
  good: Uint8Array,
  { place, metainfo, edges, onChecked }: DiskCheckOptions,
): Promise<{ trusted: PieceIndex[]; rehashed: number }> {
  const { plan, world } = place;
  const resume = resumePlan(journal, plan, looks, metainfo.geometry, world.random);
  const failed = new Set<PieceIndex>();
  await edges.check(stored, resume.probes, ({ bad, missing }) => {
    for (const piece of [...bad, ...missing]) failed.add(piece);
  });
  const { verified, check } = resume.sort(failed);
  for (const piece of verified) good[piece] = 1;
  if (check.length > 0) onChecked(0, check.length);
  await edges.check(stored, check, (part, done) => {
    for (const piece of part.good) good[piece] = 1;
    onChecked(done, check.length);
  });
  return { trusted: verified, rehashed: check.length };
}

/** In a file with a failed flush, only what was flushed before is good. */
function forgetUnflushed(
  range: { readonly offset: number; readonly length: number } | undefined,
  journal: Journal | null,
  g: Geometry,
  good: Uint8Array,
): void {
  const { first, end } = piecesOf(g, range ?? { offset: 0, length: 0 });
  for (let piece = first; piece < end; piece++)
    if (journal === null || !lists(journal, piece)) good[piece] = 0;
}

/**
 * Good pieces that were flushed once. The word of any journal of ours is enough for those that were hashed now, also if their file has
 * changed since.
 */
function flushedPieces(
  journal: Journal | null,
  trusted: readonly PieceIndex[],
  good: Uint8Array,
): PieceIndex[] {
  const flushed = new Set(trusted);
  for (let piece = 0; piece < good.length; piece++)
    if (journal !== null && lists(journal, piece)) flushed.add(piece as PieceIndex);
  return [...flushed].filter((piece) => good[piece] === 1);
}

/**
 * True if the journal describes this very file. A journal without a key must contain a fact that a stranger cannot guess: the
 * file's time of birth.
 */
function isClaimed(journal: Journal | null, looks: Survey['looks'], file: number): boolean {
  const look = looks[file] ?? null;
  if (journal === null || look === null) return false;
  const before = journal.stamps[file] ?? null;
  if (before === null) return false;
  const isSameBirth = look.born !== '0' && before.born === look.born;
  if (journal.kind === 'own') return isSameBirth && before.inode === look.inode;
  if (look.born !== '0' && before.born !== '0') return isSameBirth;
  return before.inode === look.inode;
}
