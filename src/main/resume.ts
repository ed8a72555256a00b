/**
 * How much of a journal may be believed. A file whose size and time of change are as they were is trusted after one of its
 * pieces was hashed; everything else that is on disk is hashed again.
 */
import type { Geometry } from '../shared/geometry.ts';
import type { PieceIndex } from '../shared/indices.ts';
import { type Journal, stampOf } from './journal.ts';
import type { StoragePlan } from './storage.ts';

export interface ResumePlan {
  /** Pieces to hash before their files are trusted: one a file. */
  readonly probes: readonly PieceIndex[];
  /** What to do with each piece, once it is known which probes failed. */
  sort(failedProbes: ReadonlySet<PieceIndex>): {
    readonly verified: PieceIndex[];
    readonly check: PieceIndex[];
  };
}

type Trust =
  | { readonly kind: 'absent' }
  | { readonly kind: 'changed' }
  | { readonly kind: 'same'; readonly probe: PieceIndex | null };

/** `journal` null: nothing is trusted, all that is there is checked. */
export function resumePlan(journal: Journal | null, plan: StoragePlan, g: Geometry): ResumePlan {
  const claimed = (piece: number) =>
    journal !== null && ((journal.verified[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
  const trusts = plan.files.map((file, i): Trust => {
    const now = stampOf(file.path);
    if (now === null || (now.size === 0 && file.length > 0)) return { kind: 'absent' };
    const before = journal?.stamps[i] ?? null;
    if (before === null || before.size !== now.size || before.mtimeMs !== now.mtimeMs)
      return { kind: 'changed' };
    return { kind: 'same', probe: probeOf(file.offset, file.length, g, claimed) };
  });
  const probes = new Set<PieceIndex>();
  for (const trust of trusts) if (trust.kind === 'same' && trust.probe !== null) probes.add(trust.probe);
  return {
    probes: [...probes],
    sort: (failed) => {
      const doubted = trusts.map((trust) =>
        trust.kind === 'same' && trust.probe !== null && failed.has(trust.probe) ? 'changed' : trust.kind,
      );
      return sortPieces(plan, g, doubted, claimed);
    },
  };
}

/** A claimed piece that lies in the file; the middle one, since a file that was cut or overwritten shows it sooner there. */
function probeOf(
  offset: number,
  length: number,
  g: Geometry,
  claimed: (piece: number) => boolean,
): PieceIndex | null {
  if (length === 0) return null;
  const first = Math.floor(offset / g.pieceLength);
  const last = Math.floor((offset + length - 1) / g.pieceLength);
  const inside: number[] = [];
  for (let piece = first; piece <= last; piece++) if (claimed(piece)) inside.push(piece);
  return (inside[inside.length >> 1] ?? null) as PieceIndex | null;
}

function sortPieces(
  plan: StoragePlan,
  g: Geometry,
  trusts: readonly Trust['kind'][],
  claimed: (piece: number) => boolean,
) {
  const verified: PieceIndex[] = [];
  const check: PieceIndex[] = [];
  // The worst of its files decides on a piece: absent, then changed, then same.
  const rank = { same: 0, changed: 1, absent: 2 } as const;
  const worst = new Uint8Array(g.pieceCount);
  for (const [i, file] of plan.files.entries()) {
    if (file.length === 0) continue;
    const last = Math.floor((file.offset + file.length - 1) / g.pieceLength);
    const value = rank[trusts[i] ?? 'changed'];
    for (let piece = Math.floor(file.offset / g.pieceLength); piece <= last; piece++) {
      if (value > (worst[piece] ?? 0)) worst[piece] = value;
    }
  }
  for (let piece = 0; piece < g.pieceCount; piece++) {
    if (worst[piece] === rank.same && claimed(piece)) verified.push(piece as PieceIndex);
    else if (worst[piece] === rank.changed) check.push(piece as PieceIndex);
  }
  return { verified, check };
}
