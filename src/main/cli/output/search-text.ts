/** The search for the metadata of a magnet link, in a line of progress. */
import type { PhaseTotals } from '../../race/phase-totals.ts';
import { counted } from '../../text/units.ts';
import { peersText } from './peers-text.ts';

/** `offers`: peers that have the metadata. `hasBegun`: a peer has unchoked us. */
export function searchText(peers: PhaseTotals, offers: number, known: number, hasBegun: boolean): string {
  const have = `${counted(offers, 'peer')} ${offers === 1 ? 'has' : 'have'} it`;
  return `searching for metadata; ${have}  ${peersText({ known, peers, rate: null, hasBegun })}`;
}
