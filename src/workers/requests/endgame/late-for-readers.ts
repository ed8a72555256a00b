/**
 * The endgame of a reader: it waits for pieces that are all begun. Others go on with the rest of the torrent meanwhile, so
 * nothing else would ask a second peer for what a slow one still owes.
 */
import type { PieceIndex } from '../../../shared/indices.ts';
import { BLOCK_BYTES, ENDGAME_SILENCE_MS, ENDGAME_SLACK_MS } from '../../../shared/limits.ts';
import type { RequestedPeer } from '../requester.ts';

/** Peers that owe blocks which a reader waits for, and are silent or will not have sent them soon. */
export function lateForReaders(
  owing: Iterable<RequestedPeer>,
  awaited: ReadonlySet<PieceIndex>,
  blocksPerPiece: number,
  now: number,
): ReadonlySet<RequestedPeer> {
  const late = new Set<RequestedPeer>();
  for (const peer of owing) {
    const { receiving, queue, owingSince } = peer.book;
    const behind = queue
      .newestFirst()
      .findIndex((key) => awaited.has(Math.floor(key / blocksPerPiece) as PieceIndex));
    const isReceiving = receiving !== null && awaited.has(receiving.active.piece);
    if (behind < 0 && !isReceiving) continue;
    const blocks = behind < 0 ? 1 : queue.size - behind;
    if (now - owingSince >= ENDGAME_SILENCE_MS || msFor(peer, blocks) > ENDGAME_SLACK_MS) late.add(peer);
  }
  return late;
}

/** How long the peer needs for its oldest blocks, at its rate. Of an unknown rate nothing is said. */
function msFor({ book }: RequestedPeer, blocks: number): number {
  return book.window.rate === 0 ? 0 : (blocks * BLOCK_BYTES * 1_000) / book.window.rate;
}
