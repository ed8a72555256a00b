/** How this process reaches the network: which values make sense, and what of it peers can use. */
import { networkInterfaces } from 'node:os';
import { reachOf } from '../../shared/address-rules.ts';
import type { Route } from '../../shared/http-visitor.ts';
import { type SocksProxy, socksProxyOf } from '../../shared/socks-proxy.ts';

/** `socks5://HOST:PORT` or `http://HOST:PORT`, with `USER:PASSWORD@` perhaps. */
export function isProxyUrl(url: string): boolean {
  if (!/^(?:https?|socks5):\/\/[^/]/i.test(url) || !URL.canParse(url)) return false;
  try {
    return socksProxyOf(url).host !== '';
  } catch {
    // A percent sign that begins nothing.
    return false;
  }
}

/** An address of this machine. All of 127.0.0.0/8 is. */
export function isOwnAddress(address: string): boolean {
  if (reachOf(address) === 'loopback') return true;
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address));
}

/** The proxy as peers use it; null where it carries none, or there is none. */
export function socksOf({ proxy }: Route): SocksProxy | null {
  return proxy !== null && /^socks5:/i.test(proxy) ? socksProxyOf(proxy) : null;
}
