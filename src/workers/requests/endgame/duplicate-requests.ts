/**
 * Peers with free capacity take over from slow ones, once per tick. A block is requested from at most two peers of a shard;
 * the first that sends it wins, and the other is cancelled. If both are slow, a third replaces one of them: however many peers
 * are slow, the block reaches one that is not.
 */
import type { PieceIndex } from '../../../shared/indices.ts';
import {
  BLOCK_BYTES,
  DOUBLED_REQUESTS_BLOCKS,
  ENDGAME_SILENCE_MS,
  ENDGAME_SLACK_MS,
  MAX_TAKEOVER_BLOCKS,
  MAX_TAKEOVER_HELPERS,
  SLOW_OWNER_MS,
} from '../../../shared/limits.ts';
import type { ActivePiece } from '../active-piece.ts';
import type { ActivePieces } from '../active-pieces.ts';
import { mayAsk } from '../can-serve.ts';
import { noteSilence } from '../hungry-and-owing.ts';
import type { RequestedPeer } from '../requester.ts';

/** Only a peer that is this many times as fast replaces another: what the other one has begun is lost. */
const FASTER_FACTOR = 2;

/** A block to request from `peer` although another peer owes it. */
export interface DuplicateRequests {
  readonly peer: RequestedPeer;
  readonly active: ActivePiece;
  readonly block: number;
  /** The peer that no longer owes the block. */
  readonly instead: RequestedPeer | null;
}

/** Peers that owe blocks and are slow. Those that are silent get nothing new for a while. */
export function slowOwners(
  owing: Iterable<RequestedPeer>,
  endgame: boolean,
  now: number,
): ReadonlySet<RequestedPeer> {
  const slow: RequestedPeer[] = [];
  for (const peer of owing) {
    noteSilence(peer.book, now);
    const silentMs = now - peer.book.owingSince;
    const slowly = endgame && (silentMs >= ENDGAME_SILENCE_MS || remainingMs(peer) > ENDGAME_SLACK_MS);
    if (silentMs >= SLOW_OWNER_MS || slowly) slow.push(peer);
  }
  return new Set(slow.sort((a, b) => a.book.owingSince - b.book.owingSince));
}

/**
 * Deals the blocks of slow peers to the helpers, the fastest first, as many as each has room for. It starts at the end of the
 * slow peers' queues, because they send from the front. `awaited`: deals only blocks that a reader waits for, also to helpers
 * with other work.
 */
export function takeOver(
  slow: ReadonlySet<RequestedPeer>,
  helpers: readonly RequestedPeer[],
  actives: ActivePieces,
  blocksPerPiece: number,
  now: number,
  awaited: ReadonlySet<PieceIndex> | null = null,
): DuplicateRequests[] {
  const owed = owedBy(slow, actives, blocksPerPiece, awaited);
  const takeovers: DuplicateRequests[] = [];
  for (const peer of helpers.slice(0, MAX_TAKEOVER_HELPERS)) {
    if (owed.size === 0) break;
    const { book } = peer;
    const room = book.proven ? book.window.size - book.queue.size : DOUBLED_REQUESTS_BLOCKS;
    let left = awaited === null ? room : Math.max(room, DOUBLED_REQUESTS_BLOCKS);
    for (const entry of owed) {
      if (left === 0) break;
      const instead = assign(entry, peer, slow, now);
      if (instead === undefined) continue;
      takeovers.push({ peer, active: entry.active, block: entry.block, instead });
      owed.delete(entry);
      left -= 1;
    }
  }
  return takeovers;
}

interface Owed {
  readonly active: ActivePiece;
  readonly block: number;
}

/** The blocks of slow peers; the block that is arriving slowly comes first. */
function owedBy(
  slow: ReadonlySet<RequestedPeer>,
  actives: ActivePieces,
  blocksPerPiece: number,
  awaited: ReadonlySet<PieceIndex> | null,
): Set<Owed> {
  const isMeant = ({ piece }: ActivePiece): boolean => awaited === null || awaited.has(piece);
  const owed = new Set<Owed>();
  for (const { book } of slow) {
    const { receiving } = book;
    if (
      receiving !== null &&
      receiving.aside !== null &&
      actives.get(receiving.active.piece) === receiving.active &&
      isMeant(receiving.active)
    )
      owed.add({ active: receiving.active, block: receiving.block });
    for (const key of book.queue.newestFirst()) {
      if (owed.size >= MAX_TAKEOVER_BLOCKS) return owed;
      const active = actives.get(Math.floor(key / blocksPerPiece));
      if (active !== undefined && isMeant(active)) owed.add({ active, block: key % blocksPerPiece });
    }
  }
  return owed;
}

/** Assigns the block to the peer. Returns the replaced peer, null if it is a second one; undefined if it is not possible. */
function assign(
  { active, block }: Owed,
  peer: RequestedPeer,
  slow: ReadonlySet<RequestedPeer>,
  now: number,
): RequestedPeer | null | undefined {
  if (active.terms.solo || !mayAsk(peer, active)) return undefined;
  if (peer.book.refusals?.bars(active.piece, block, now) === true) return undefined;
  const debtors = active.debtorsOf(block);
  if (debtors.length === 0 || debtors.includes(peer)) return undefined;
  if (active.askAgain(block, peer)) return null;
  // A peer of unknown speed replaces no other while one of the two may still be good.
  if (!peer.book.proven && !debtors.every((debtor) => slow.has(debtor))) return undefined;
  const isSlower = ({ book }: RequestedPeer): boolean =>
    !peer.book.proven || book.rateAt(now) * FASTER_FACTOR <= peer.book.window.rate;
  return active.askInstead(block, peer, (debtor) => slow.has(debtor) && isSlower(debtor)) ?? undefined;
}

/** The time that a peer needs, at its rate, for everything it owes. Unknown for an unknown rate. */
function remainingMs({ book }: RequestedPeer): number {
  return book.window.rate === 0 ? 0 : (book.queue.size * BLOCK_BYTES * 1_000) / book.window.rate;
}
