/** The order in which peers that offer metadata are asked, and the size that is tried. */
import type { MetadataOffer } from './metadata-offer.ts';

/** Offers considered for the next requests. */
const MAX_LOOKS = 64;

interface OffersOfSize {
  readonly bytes: number;
  readonly offers: MetadataOffer[];
  /** Failures in a row of the best one. */
  readonly failures: number;
}

/**
 * Offers by size. The size whose best peer failed least comes first, so that a peer that refuses or is silent cannot delay the
 * others with a wrong size. Among equals, the size that most peers name.
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

/** A few, those with the fewest failures first; among equals the earliest, which is the fastest. */
export function freshestFirst(offers: readonly MetadataOffer[]): MetadataOffer[] {
  const fresh: MetadataOffer[] = [];
  for (const offer of offers) {
    if (offer.failures === 0) fresh.push(offer);
    if (fresh.length === MAX_LOOKS) return fresh;
  }
  const failed = offers.filter(({ failures }) => failures > 0).sort((a, b) => a.failures - b.failures);
  return [...fresh, ...failed].slice(0, MAX_LOOKS);
}
