/**
 * Host names looked up once, judged, and then held to: whoever answers the look-up cannot name a harmless address for the
 * judgement and another for the connection.
 */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { mayName, type Reach, reachOf } from './address-rules.ts';

export class PinnedHosts {
  readonly #addresses = new Map<string, readonly LookupAddress[]>();

  /**
   * The nearest of what the URL's host stands for. Rejects with an Error for the user where the name cannot be looked up, or
   * stands for no host.
   */
  async pin(url: URL): Promise<Reach> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const addresses = isIP(host) !== 0 ? [{ address: host, family: isIP(host) }] : await lookedUp(host);
    let nearest: Reach = 'public';
    for (const { address } of addresses) {
      const reach = reachOf(address);
      if (reach === null) throw new Error(`${address} is no address of a host`);
      if (mayName(reach, nearest)) nearest = reach;
    }
    this.#addresses.set(host, addresses);
    return nearest;
  }

  /** For `net.connect` and its like. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    const addresses = this.#addresses.get(host) ?? [];
    const [first] = addresses;
    if (first === undefined) callback(new Error(`${host} was not looked up`), []);
    else if (options.all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
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
