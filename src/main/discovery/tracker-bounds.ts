/** How many trackers a torrent may name, in whatever form it names them: a torrent must not make a crowd of us. */
import { MAX_TRACKERS, MAX_TRACKERS_PER_HOST } from '../../shared/limits.ts';

/** Each tracker once, with a bound in all and one for each host; tiers that are empty then are left out. */
export function boundedTiers(tiers: readonly (readonly string[])[]): string[][] {
  const seen = new Set<string>();
  const atHost = new Map<string, number>();
  const isTaken = (url: string): boolean => {
    const sent = url.replace(/#.*/s, '');
    const host = hostnameOf(url);
    const others = atHost.get(host) ?? 0;
    if (seen.has(sent) || seen.size >= MAX_TRACKERS || others >= MAX_TRACKERS_PER_HOST) return false;
    seen.add(sent);
    atHost.set(host, others + 1);
    return true;
  };
  return tiers.map((tier) => tier.filter(isTaken)).filter((tier) => tier.length > 0);
}

/** URLs that cannot be read are at one host, and that is nobody's. */
export function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase().replace(/\.$/, '') : '';
}
