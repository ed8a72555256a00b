/**
 * The endgame of a reader: all pieces that it waits for are already in progress. Other peers go on with the rest of the torrent,
 * so without this no second peer would be asked for the blocks that a slow peer owes.
 */
import type { PieceIndex } from '../../../shared/indices.ts';
import { BLOCK_BYTES, ENDGAME_SILENCE_MS, ENDGAME_SLACK_MS } from '../../../shared/limits.ts';
import type { RequestedPeer } from '../requester.ts';

/** Peers that owe blocks for a reader, and are silent or will not send them soon. */
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

/** How long the peer needs for its oldest blocks at its rate; 0 if the rate is unknown. */
function msFor({ book }: RequestedPeer, blocks: number): number {
  return book.window.rate === 0 ? 0 : (blocks * BLOCK_BYTES * 1_000) / book.window.rate;
}
