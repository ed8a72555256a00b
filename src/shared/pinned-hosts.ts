/**
 * A host name looked up once, judged, and then held to: whoever answers the look-up cannot name a harmless address for the
 * judgement and another for the connection.
 */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type Reach, reachOf } from './address-rules.ts';
import { canonicalHost, isSix } from './ip-address.ts';
import { lookUp } from './name-lookup.ts';

export interface PinnedHost {
  readonly reach: Reach;
  /** One and the same for the same addresses. */
  readonly key: string;
  readonly addresses: readonly LookupAddress[];
  /** For `net.connect` and its like: these addresses, whatever it is asked. */
  readonly lookup: LookupFunction;
}

/**
 * What the URL's host stands for; with a `family`, its addresses of that family alone. Of several addresses those count that
 * are as near as the first, IPv4 before IPv6. Rejects with an Error for the user where the name cannot be looked up, or stands
 * for no host.
 */
export async function pinHost(
  url: URL,
  signal: AbortSignal,
  family: 4 | 6 | null = null,
  addressesOf: typeof lookUp = lookUp,
): Promise<PinnedHost> {
  const host = hostOf(url);
  const found = (await addressesOf(host, signal)).map(({ address }) => plain(address));
  const sorted = found.filter((one) => family === null || one.family === family);
  sorted.sort((a, b) => a.family - b.family);
  if (sorted.length === 0) throw new Error(`its name has no address of IPv${family}`);
  const reach = reachOf(sorted[0]?.address ?? '');
  if (reach === null) throw new Error(`${sorted[0]?.address ?? host} is no address of a host`);
  const addresses = sorted.filter(({ address }) => reachOf(address) === reach);
  return {
    reach,
    addresses,
    key: addresses.map(({ address }) => address).join(' '),
    lookup: (_, options, callback) => {
      const [first] = addresses as [LookupAddress];
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    },
  };
}

/** Without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** An IPv4 address in the clothes of IPv6 is reached, and judged, as what it is. */
function plain(address: string): LookupAddress {
  const canonical = canonicalHost(address);
  return { address: canonical, family: isSix(canonical) ? 6 : 4 };
}
