/**
 * Decides which claims of a journal are trusted. A file that looks exactly as before is trusted after a few of its claimed pieces
 * were hashed. Everything else on disk is hashed again.
 */
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_JOURNAL_PROBES } from '../../shared/limits.ts';
import { claims, type FileStamp, type Journal } from './journal.ts';
import type { StoragePlan } from './storage-plan.ts';

export interface ResumePlan {
  /** Pieces to hash before their files are trusted. */
  readonly probes: readonly PieceIndex[];
  /** What to do with each piece, once the failed probes are known. */
  sort(failedProbes: ReadonlySet<PieceIndex>): {
    readonly verified: PieceIndex[];
    readonly check: PieceIndex[];
  };
}

type Trust =
  | { readonly kind: 'absent' }
  | { readonly kind: 'changed' }
  | { readonly kind: 'same'; readonly probes: readonly PieceIndex[] };

/**
 * `journal` null: nothing is trusted, and everything on disk is checked. `looks`: each file of the plan now, null if missing.
 * `random` below 1: the choice of probes must not be predictable.
 */
export function resumePlan(
  journal: Journal | null,
  plan: StoragePlan,
  looks: readonly (FileStamp | null)[],
  g: Geometry,
  random: () => number = Math.random,
): ResumePlan {
  const claimed = (piece: number): boolean => claims(journal, piece);
  const trusts = plan.files.map((file, i): Trust => {
    const now = looks[i] ?? null;
    if (now === null || (now.size === 0 && file.length > 0)) return { kind: 'absent' };
    const before = journal?.kind === 'signed' ? (journal.stamps[i] ?? null) : null;
    if (before === null || !isUnchanged(before, now)) return { kind: 'changed' };
    return { kind: 'same', probes: probesOf(file, g, claimed, random) };
  });
  const probes = new Set<PieceIndex>();
  for (const trust of trusts) if (trust.kind === 'same') for (const probe of trust.probes) probes.add(probe);
  return {
    probes: [...probes].sort((a, b) => a - b),
    sort: (failed) => {
      const doubted = trusts.map((trust) =>
        trust.kind === 'same' && trust.probes.some((probe) => failed.has(probe)) ? 'changed' : trust.kind,
      );
      return sortPieces(plan, g, doubted, claimed);
    },
  };
}

/** A file system may invent inode and birth time, so they count only for `isOurs`. */
function isUnchanged(before: FileStamp, now: FileStamp): boolean {
  return before.size === now.size && before.modified === now.modified && before.changed === now.changed;
}

/** A few of the file's claimed pieces, each drawn from its own section. */
function probesOf(
  file: { readonly offset: number; readonly length: number },
  g: Geometry,
  claimed: (piece: number) => boolean,
  random: () => number,
): PieceIndex[] {
  const { first, end } = piecesOf(g, file);
  const inside: PieceIndex[] = [];
  for (let piece = first; piece < end; piece++) if (claimed(piece)) inside.push(piece as PieceIndex);
  const count = Math.min(MAX_JOURNAL_PROBES, inside.length);
  return Array.from(
    { length: count },
    (_, i) => inside[Math.floor(((i + random()) * inside.length) / count)] as PieceIndex,
  );
}

function sortPieces(
  plan: StoragePlan,
  g: Geometry,
  trusts: readonly Trust['kind'][],
  claimed: (piece: number) => boolean,
) {
  const verified: PieceIndex[] = [];
  const check: PieceIndex[] = [];
  // The worst of its files decides for a piece: absent, then changed, then same.
  const rank = { same: 0, changed: 1, absent: 2 } as const;
  const worst = new Uint8Array(g.pieceCount);
  for (const [i, file] of plan.files.entries()) {
    const value = rank[trusts[i] ?? 'changed'];
    const { first, end } = piecesOf(g, file);
    for (let piece = first; piece < end; piece++) {
      if (value > (worst[piece] ?? 0)) worst[piece] = value;
    }
  }
  for (let piece = 0; piece < g.pieceCount; piece++) {
    if (worst[piece] === rank.same && claimed(piece)) verified.push(piece as PieceIndex);
    else if (worst[piece] === rank.changed) check.push(piece as PieceIndex);
  }
  return { verified, check };
}
