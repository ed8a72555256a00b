/** The current rate of a peer. */
import type { PeerIndex } from './indices.ts';
import { SHOWN_FASTEST_PEERS } from './limits.ts';

export interface PeerRate {
  readonly peer: PeerIndex;
  /** BEP 10 `v`, as the peer sent it. */
  readonly client: string | null;
  /** The first 8 characters of the peer id (BEP 20), as Latin-1. */
  readonly peerIdPrefix: string | null;
  readonly bytesPerS: number;
}

/** The few fastest peers, the fastest first. */
export function fastestOf(rates: readonly PeerRate[]): PeerRate[] {
  return [...rates].sort((a, b) => b.bytesPerS - a.bytesPerS).slice(0, SHOWN_FASTEST_PEERS);
}
