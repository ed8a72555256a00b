/**
 * A host name looked up once, judged, and then held to: whoever answers the look-up cannot name a harmless address for the
 * judgement and another for the connection.
 */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { type Reach, reachOf } from './address-rules.ts';

export interface PinnedHost {
  readonly reach: Reach;
  /** One and the same for the same addresses. */
  readonly key: string;
  /** For `net.connect` and its like: these addresses, whatever it is asked. */
  readonly lookup: LookupFunction;
}

/**
 * What the URL's host stands for. Of several addresses those count that are as near as the first, IPv4 before IPv6. Rejects
 * with an Error for the user where the name cannot be looked up, or stands for no host.
 */
export async function pinHost(url: URL): Promise<PinnedHost> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const found = isIP(host) !== 0 ? [{ address: host, family: isIP(host) }] : await lookedUp(host);
  const sorted = [...found].sort((a, b) => a.family - b.family);
  const reach = reachOf(sorted[0]?.address ?? '');
  if (reach === null) throw new Error(`${sorted[0]?.address ?? host} is no address of a host`);
  const addresses = sorted.filter(({ address }) => reachOf(address) === reach);
  return {
    reach,
    key: addresses.map(({ address }) => address).join(' '),
    lookup: (_, options, callback) => {
      const [first] = addresses as [LookupAddress];
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    },
  };
}

async function lookedUp(host: string): Promise<readonly LookupAddress[]> {
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(`its name cannot be looked up (${code})`, { cause: error });
  }
}
