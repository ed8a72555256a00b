/**
 * Who has nothing to do takes over from who is slow: looked at once a tick, over the peers that owe something. A block is
 * asked of two peers at the most; whichever sends it first has it, and the other is cancelled.
 */
import {
  BLOCK_BYTES,
  DOUBLED_REQUESTS_BLOCKS,
  ENDGAME_SILENCE_MS,
  ENDGAME_SLACK_MS,
  SLOW_OWNER_MS,
  SLOW_OWNER_REST_MS,
} from '../../shared/limits.ts';
import { type ActivePieces, mayAsk } from './active-pieces.ts';
import type { RequestedPeer } from './requester.ts';

/** A block that `peer` is to be asked for although somebody else owes it. */
export interface Doubling {
  readonly peer: RequestedPeer;
  readonly piece: number;
  readonly block: number;
}

/** Peers that owe blocks and should not be waited for alone. Those that are merely silent get nothing new for a while. */
export function slowOwners(owing: Iterable<RequestedPeer>, endgame: boolean, now: number): RequestedPeer[] {
  const slow: RequestedPeer[] = [];
  for (const peer of owing) {
    const { book } = peer;
    const silentMs = now - book.owingSince;
    if (silentMs >= SLOW_OWNER_MS) book.restsUntil = now + SLOW_OWNER_REST_MS;
    const slowly = endgame && (silentMs >= ENDGAME_SILENCE_MS || remainingMs(peer) > ENDGAME_SLACK_MS);
    if (silentMs >= SLOW_OWNER_MS || slowly) slow.push(peer);
  }
  return slow;
}

/** Deals what the slow owe to the idle, a few blocks each, from the end of their queues: they work from the front. */
export function takeOver(
  slow: readonly RequestedPeer[],
  idle: Iterable<RequestedPeer>,
  actives: ActivePieces,
  blocksPerPiece: number,
): Doubling[] {
  const owed = slow.flatMap((owner) => owner.book.queue.newestFirst().map((key) => ({ owner, key })));
  const doublings: Doubling[] = [];
  for (const peer of idle) {
    let left = DOUBLED_REQUESTS_BLOCKS;
    for (let i = 0; i < owed.length && left > 0; i++) {
      const { owner, key } = owed[i] as { owner: RequestedPeer; key: number };
      const piece = Math.floor(key / blocksPerPiece);
      const active = actives.get(piece);
      if (active === undefined || active.solo || owner === peer || !mayAsk(peer, piece)) continue;
      if (!actives.askAgain(active, key % blocksPerPiece, peer)) continue;
      doublings.push({ peer, piece, block: key % blocksPerPiece });
      owed.splice(i--, 1);
      left -= 1;
    }
    if (owed.length === 0) break;
  }
  return doublings;
}

/**
 * In the endgame: who crawls through a block that somebody else could send whole. Each block is taken from a crawler once
 * only: the next may crawl as well, and somebody must be let finish.
 */
export function crawlers(
  actives: ActivePieces,
  idle: readonly RequestedPeer[],
  now: number,
): readonly RequestedPeer[] {
  const found: RequestedPeer[] = [];
  for (const active of actives.inWork()) {
    for (const peer of active.solo ? [] : active.receivers) {
      const { receiving } = peer.book;
      if (receiving === null || now - receiving.since < ENDGAME_SLACK_MS) continue;
      const isHelper = (other: RequestedPeer): boolean =>
        other.book.receiving === null && mayAsk(other, active.piece);
      if (!idle.some(isHelper) && !actives.hasGuest(active)) continue;
      if (active.takenFromCrawler.has(receiving.block)) continue;
      active.takenFromCrawler.add(receiving.block);
      found.push(peer);
    }
  }
  return found;
}

/** How long a peer needs, at its rate, for all that it owes. Of an unknown rate nothing is said. */
function remainingMs({ book }: RequestedPeer): number {
  return book.window.rate === 0 ? 0 : (book.queue.size * BLOCK_BYTES * 1_000) / book.window.rate;
}
