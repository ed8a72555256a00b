/** The search for the metadata of a magnet link, in a line of progress. */
import { type PhaseTotals, phaseText } from '../../race/phase-totals.ts';
import { counted } from '../../text/units.ts';

/** `offers`: peers that have the metadata. */
export function searchText(offers: number, known: number, totals: PhaseTotals): string {
  const have = `${counted(offers, 'peer')} ${offers === 1 ? 'has' : 'have'} it`;
  return `searching for metadata; ${have}  ${phaseText(known, totals)}`;
}
