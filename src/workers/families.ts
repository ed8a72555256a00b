/**
 * The families of addresses that this machine can reach. A machine without IPv6 says so at every dial of an IPv6 address, in
 * one of several ways (EADDRNOTAVAIL among them, which otherwise is a shortage of ports). That is no fault of the peer and no
 * shortage: the family is left alone until an address of it appears here.
 *
 * A dial comes first and the list of our addresses second: there are systems that connect without showing any address.
 */
import { reachOf } from '../shared/address-rules.ts';
import { FAMILY_POLL_MS } from '../shared/limits.ts';

/** `closed`: for now. `never`: the user's choice of a local address rules the family out. */
export type Way = 'open' | 'closed' | 'never';

export class Families {
  readonly #localAddress: string | null;
  readonly #ownAddresses: () => readonly string[] | null;
  /** Kinds of hosts to which there turned out to be no way. */
  readonly #closed = new Set<string>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `localAddress`: where all dials leave from; null leaves it to the system. */
  constructor(localAddress: string | null, ownAddresses: () => readonly string[] | null) {
    this.#localAddress = localAddress;
    this.#ownAddresses = ownAddresses;
  }

  wayTo(host: string): Way {
    if (this.#localAddress !== null && familyOf(this.#localAddress) !== familyOf(host)) return 'never';
    return this.#closed.size > 0 && this.#closed.has(kindOf(host)) ? 'closed' : 'open';
  }

  /** A dial failed in a way that may be our own: true if it was, and the family is closed from here on. */
  failed(host: string): boolean {
    const kind = kindOf(host);
    if (this.#hasAddressOf(kind)) return false;
    this.#closed.add(kind);
    return true;
  }

  /** Where families that were closed have an address again: says of which hosts that is true. */
  tick(now: number): ((host: string) => boolean) | null {
    if (this.#closed.size === 0 || now - this.#lookedAt < FAMILY_POLL_MS) return null;
    this.#lookedAt = now;
    const opened = new Set([...this.#closed].filter((kind) => this.#hasAddressOf(kind)));
    for (const kind of opened) this.#closed.delete(kind);
    return opened.size === 0 ? null : (host) => opened.has(kindOf(host));
  }

  #hasAddressOf(kind: string): boolean {
    const own = this.#ownAddresses();
    if (own === null) return true;
    if (this.#localAddress !== null) return own.includes(this.#localAddress);
    // An address of the link alone reaches nobody that a source names.
    return own.some((address) => kindOf(address) === kind && !address.startsWith('fe80:'));
  }
}

export function familyOf(host: string): 4 | 6 {
  return host.includes(':') ? 6 : 4;
}

/** What the system's answer about one host holds for: its family, near (loopback) or far. */
function kindOf(host: string): string {
  return `${familyOf(host)} ${reachOf(host) === 'loopback' ? 'near' : 'far'}`;
}
