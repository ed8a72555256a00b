/**
 * A host name is looked up once, its addresses are checked, and the connection uses exactly these. So a name server cannot
 * give a harmless address for the check and another one for the connection.
 */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type Reach, reachOf } from './address-rules.ts';
import { canonicalHost, isSix } from './ip-address.ts';
import { lookUp } from './name-lookup.ts';

export interface PinnedHost {
  readonly reach: Reach;
  /** Equal for equal addresses, in whatever order they come. */
  readonly key: string;
  readonly addresses: readonly LookupAddress[];
  /** For `net.connect` and similar calls: always returns these addresses. */
  readonly lookup: LookupFunction;
}

/**
 * The addresses of the URL's host; with a `family`, only those of that family. If there are several, those with the reach of
 * the first one count, IPv4 before IPv6. Rejects with an Error for the user if the name cannot be looked up or is not a host.
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
  if (reach === null) throw new Error(`${sorted[0]?.address ?? host} is not an address of a host`);
  const addresses = sorted.filter(({ address }) => reachOf(address) === reach);
  return {
    reach,
    addresses,
    // Name servers give the addresses of one name in turn, so the order differs from answer to answer.
    key: addresses
      .map(({ address }) => address)
      .sort()
      .join(' '),
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

/** An IPv4 address in IPv6 form is connected to, and checked, as IPv4. */
function plain(address: string): LookupAddress {
  const canonical = canonicalHost(address);
  return { address: canonical, family: isSix(canonical) ? 6 : 4 };
}
