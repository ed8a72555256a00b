/** The search for what peers have to send before a download can begin, in a line of progress. */
import type { HashProgress, SearchProgress } from '../../session/events.ts';
import { counted } from '../../text/units.ts';
import { peersText } from './peers-text.ts';

/** `hasBegun`: a peer has unchoked us. */
export function searchText(progress: SearchProgress | HashProgress, hasBegun: boolean): string {
  const peers = peersText({ known: progress.known, peers: progress, rate: null, hasBegun });
  return `${whatText(progress)}  ${peers}`;
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
