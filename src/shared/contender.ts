/** What a shard says of a peer to those who choose the peers that get data. */
import type { PeerIndex } from './indices.ts';

/** A peer that wants data from us, or may request it. Bytes are totals of its connection. */
export interface Contender {
  readonly peer: PeerIndex;
  /** It is interested (BEP 3). */
  readonly wants: boolean;
  readonly unchoked: boolean;
  readonly gaveBytes: number;
  readonly gotBytes: number;
  /** It is unchoked, and neither takes anything nor waits for us. */
  readonly isIdle: boolean;
  /** It has requested blocks that it has not got. */
  readonly isOwed: boolean;
}
