import type { DescriptorBudget } from '../pools/descriptors.ts';
import type { PeerLimits } from '../race/sharding.ts';
import type { SessionSettings } from './settings.ts';

/** The part of one of `lanes` downloads. */
export function peerLimits(
  { halfOpen, dialRate, maxPeers }: SessionSettings,
  budget: DescriptorBudget,
  lanes: number,
): PeerLimits {
  // 0 is no limit, and stays none.
  const partOf = (limit: number): number => Math.ceil(limit / lanes);
  return {
    halfOpen: partOf(halfOpen),
    dialRatePerS: partOf(dialRate),
    maxPeers: partOf(maxPeers),
    descriptors: budget.peers,
  };
}
