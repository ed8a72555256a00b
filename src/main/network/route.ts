/** How this process reaches the network: checks the user's values, and finds the proxy for peers. */
import { reachOf } from '../../shared/address-rules.ts';
import type { Route } from '../../shared/http-visitor.ts';
import { ownAddresses } from '../../shared/own-addresses.ts';
import { type SocksProxy, socksProxyOf } from '../../shared/socks-proxy.ts';
import { Failure } from '../failure.ts';

/** `socks5://HOST:PORT` or `http://HOST:PORT`, optionally with `USER:PASSWORD@` before HOST. */
export function isProxyUrl(url: string): boolean {
  if (!/^(?:https?|socks5):\/\/[^/]/i.test(url) || !URL.canParse(url)) return false;
  try {
    return socksProxyOf(url).host !== '';
  } catch {
    // A percent sign without two digits after it.
    return false;
  }
}

/** True for an address of this machine, and for all of 127.0.0.0/8. Throws a `usage` failure if the system does not say. */
export function isOwnAddress(address: string): boolean {
  if (reachOf(address) === 'loopback') return true;
  const own = ownAddresses();
  if (own !== null) return own.includes(address);
  throw new Failure(
    'usage',
    `interface ${address}: this system does not list the addresses of its interfaces, so none can be chosen`,
  );
}

/** The proxy for peers; null if there is none, or if it carries no peers. */
export function socksOf({ proxy }: Route): SocksProxy | null {
  return proxy !== null && /^socks5:/i.test(proxy) ? socksProxyOf(proxy) : null;
}
