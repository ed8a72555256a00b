/** The search for what peers have to send before a download can begin, in a line of progress. */
import type { HashProgress, SearchProgress } from '../../session/events.ts';
import { counted } from '../../text/units.ts';
import { peersText } from './peers-text.ts';
import { type Stage, tenthOf } from './plain-pace.ts';

/** `hasBegun`: a peer has unchoked us. */
export function searchText(progress: SearchProgress | HashProgress, hasBegun: boolean): string {
  const peers = peersText({ known: progress.known, peers: progress, rate: null, hasBegun });
  return `${whatText(progress)}  ${peers}`;
}

/** A line is due when the first peer has it, and at each tenth of the hashes. */
export function searchStage(progress: SearchProgress | HashProgress): Stage {
  if ('metadataOffers' in progress) return { phase: 'searching', step: Math.min(1, progress.metadataOffers) };
  return { phase: 'fetching hashes', step: tenthOf(progress.hashes, progress.totalHashes) };
}

function whatText(progress: SearchProgress | HashProgress): string {
  if ('metadataOffers' in progress) {
    const { metadataOffers: offers } = progress;
    return `searching for metadata; ${counted(offers, 'peer')} ${offers === 1 ? 'has' : 'have'} it`;
  }
  const { hashes, totalHashes, hashPeers } = progress;
  const asked = `${counted(hashPeers, 'peer')} ${hashPeers === 1 ? 'is' : 'are'} asked`;
  return `metadata is there; fetching hashes of pieces, ${hashes} of ${totalHashes}; ${asked}`;
}
