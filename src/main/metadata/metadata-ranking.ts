/** Which of the peers that offer metadata are asked first, and for which size. */
import type { MetadataOffer } from './metadata-offer.ts';

/** Offers looked at for the next questions. */
const MAX_LOOKS = 64;

interface OffersOfSize {
  readonly bytes: number;
  readonly offers: MetadataOffer[];
  /** Failures in a row of the best of them. */
  readonly failures: number;
}

/**
 * Offers by the size that they name. The size whose best peer failed least comes first, since a peer that refuses or is silent
 * must not hold up the others with a wrong size; among equals the size that most name.
 */
export function bySize(offers: readonly MetadataOffer[]): OffersOfSize[] {
  const sizes = new Map<number, MetadataOffer[]>();
  for (const offer of offers) {
    const same = sizes.get(offer.bytes);
    if (same === undefined) sizes.set(offer.bytes, [offer]);
    else same.push(offer);
  }
  return [...sizes]
    .map(([bytes, offers]) => ({
      bytes,
      offers,
      failures: offers.reduce((least, offer) => Math.min(least, offer.failures), Number.POSITIVE_INFINITY),
    }))
    .sort((a, b) => a.failures - b.failures || b.offers.length - a.offers.length);
}

/** A few, those that failed least first; of equals the one that came first, which is the quickest. */
export function freshestFirst(offers: readonly MetadataOffer[]): MetadataOffer[] {
  const fresh: MetadataOffer[] = [];
  for (const offer of offers) {
    if (offer.failures === 0) fresh.push(offer);
    if (fresh.length === MAX_LOOKS) return fresh;
  }
  const failed = offers.filter(({ failures }) => failures > 0).sort((a, b) => a.failures - b.failures);
  return [...fresh, ...failed].slice(0, MAX_LOOKS);
}
