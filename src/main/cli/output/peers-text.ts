/** What the peers do, in the words of all commands. */
import type { PhaseTotals } from '../../race/phase-totals.ts';
import { counted } from '../../text/units.ts';

export interface PeersSeen {
  readonly known: number;
  readonly peers: PhaseTotals;
  /** Bytes a second; null where no download is awaited. */
  readonly rate: number | null;
  /** A peer has unchoked us before. */
  readonly hasBegun: boolean;
}

/** `12 peers unchoked us, 200 make us wait, 300 are dialled (1000 known)`. */
export function peersText({ known, peers, rate, hasBegun }: PeersSeen): string {
  const { unchoked, choked, dialing } = peers;
  const nobody = `no peer sends ${hasBegun ? 'now' : 'yet'}`;
  const giving = unchoked === 0 ? nobody : `${counted(unchoked, 'peer')} unchoked us`;
  const parts = [unchoked === 0 || rate !== 0 ? giving : `${giving}, but no data comes`];
  if (choked > 0) parts.push(choked === 1 ? '1 makes us wait' : `${choked} make us wait`);
  if (dialing > 0) parts.push(dialing === 1 ? '1 is dialled' : `${dialing} are dialled`);
  return `${parts.join(', ')} (${known} known)`;
}
