/** How this process reaches the network: checks the user's values, and finds the proxy for peers. */
import { networkInterfaces } from 'node:os';
import { reachOf } from '../../shared/address-rules.ts';
import type { Route } from '../../shared/http-visitor.ts';
import { type SocksProxy, socksProxyOf } from '../../shared/socks-proxy.ts';

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

/** True for an address of this machine, and for all of 127.0.0.0/8. */
export function isOwnAddress(address: string): boolean {
  if (reachOf(address) === 'loopback') return true;
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address));
}

/** The proxy for peers; null if there is none, or if it carries no peers. */
export function socksOf({ proxy }: Route): SocksProxy | null {
  return proxy !== null && /^socks5:/i.test(proxy) ? socksProxyOf(proxy) : null;
}
