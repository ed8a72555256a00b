/** Limits for the trackers of a torrent, from every source: a torrent must not use us to flood a host. */
import { MAX_TRACKERS, MAX_TRACKERS_PER_HOST } from '../../shared/limits.ts';

/** Each tracker once, with a limit in total and one per host. Tiers that become empty are left out. */
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

/** Invalid URLs all count for one host with an empty name. */
export function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase().replace(/\.$/, '') : '';
}
