/**
 * Which pieces of a plain file that is wrong as a whole are fetched from the source again, and in which order: first what is damaged or
 * disputed, all of those that are known to have said wrong hashes, and a few of each other one, which shows whether it did. The rest comes
 * only if that was not all.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { SAMPLED_PLAIN_PIECES } from '../../shared/limits.ts';
import type { LearnedHashes } from '../torrent/learned-hashes.ts';

const NOBODY = { id: 'nobody', name: 'nobody' };

export interface SuspectRounds {
  /** Suspect pieces at the beginning. */
  readonly count: number;
  /** Who said how many of their hashes. */
  readonly text: string;
  /** All of those that are known to say wrong hashes were fetched: it is time to look whether the file is right. */
  readonly isSettled: boolean;
  /** Empty: there are no more. What an earlier round showed must be in the hashes. */
  next(): readonly PieceIndex[];
}

export function suspectRounds(hashes: LearnedHashes, damaged: ReadonlySet<PieceIndex>): SuspectRounds {
  const left = new Set<PieceIndex>(damaged);
  /** By id: two nodes may have one name. */
  const bySayer = new Map<string, { readonly name: string; readonly pieces: PieceIndex[] }>();
  for (let at = 0; at < hashes.count; at++) {
    const piece = at as PieceIndex;
    if (hashes.isOwn(piece)) continue;
    left.add(piece);
    const { id, name } = hashes.sayerOf(piece) ?? NOBODY;
    const of = bySayer.get(id);
    if (of === undefined) bySayer.set(id, { name, pieces: [piece] });
    else of.pieces.push(piece);
  }
  const take = (pieces: Iterable<PieceIndex>): PieceIndex[] =>
    [...pieces].filter((piece) => left.delete(piece));
  const isOfLiar = (piece: PieceIndex): boolean => hashes.wrong.has(hashes.sayerOf(piece)?.id ?? '');
  let isFirst = true;
  return {
    count: left.size,
    text: [...bySayer.values()].map(({ name, pieces }) => `${name}: ${pieces.length}`).join(', '),
    get isSettled() {
      return ![...left].some(isOfLiar);
    },
    next: () => {
      const samples = isFirst ? [...bySayer.values()].flatMap(({ pieces }) => sampled(pieces)) : [];
      const first = isFirst ? take([...damaged, ...hashes.disputed, ...samples]) : [];
      isFirst = false;
      const now = [...first, ...take([...left].filter(isOfLiar))];
      return now.length > 0 ? now : take([...left]);
    },
  };
}

/** Spread over all of them. */
function sampled(pieces: readonly PieceIndex[]): PieceIndex[] {
  const count = Math.min(SAMPLED_PLAIN_PIECES, pieces.length);
  return Array.from(
    { length: count },
    (_, i) => pieces[Math.floor(((i + 0.5) * pieces.length) / count)] as PieceIndex,
  );
}
