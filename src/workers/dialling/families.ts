/**
 * The families of addresses that this machine can reach. A machine without IPv6 says so at every dial of an IPv6 address, in
 * one of several ways (EADDRNOTAVAIL among them, which otherwise is a shortage of ports). That is no fault of the peer and no
 * shortage: the family is left alone until an address of it appears here. Where there is an address and no route, or a firewall
 * forbids the family, many dials in a row say so: then it is left alone for a while.
 *
 * A dial comes first and the list of our addresses second: there are systems that connect without showing any address.
 */
import { reachOf } from '../../shared/address-rules.ts';
import { FAMILY_FAILURES, FAMILY_PAUSE_MS, FAMILY_POLL_MS } from '../../shared/limits.ts';

/** What the system says where it is not the host that cannot be reached; a single host may be the reason all the same. */
const NO_ROUTE: ReadonlySet<string> = new Set(['ENETUNREACH', 'EACCES', 'EPERM', 'EAFNOSUPPORT', 'ENETDOWN']);

/** `closed`: for now. `never`: the user's choice of a local address rules the family out. */
export type Way = 'open' | 'closed' | 'never';

export class Families {
  readonly #localAddress: string | null;
  readonly #ownAddresses: () => readonly string[] | null;
  /** Kinds of hosts to which there turned out to be no way, and until when; Infinity is until an address appears. */
  readonly #closed = new Map<string, number>();
  /** Dials in a row that found no route. */
  readonly #failures = new Map<string, number>();
  #tickedAt = Number.NEGATIVE_INFINITY;
  /** What the system said last, and when: a host with many interfaces takes milliseconds to say it. */
  #own: readonly string[] | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `localAddress`: where all dials leave from; null leaves it to the system. */
  constructor(localAddress: string | null, ownAddresses: () => readonly string[] | null) {
    this.#localAddress = localAddress;
    this.#ownAddresses = ownAddresses;
  }

  wayTo(host: string, now: number): Way {
    if (this.#localAddress !== null && familyOf(this.#localAddress) !== familyOf(host)) return 'never';
    if (this.#closed.size === 0) return 'open';
    return now < (this.#closed.get(kindOf(host)) ?? 0) ? 'closed' : 'open';
  }

  /** A dial failed with this word of the system: true if it was for want of an address of our own. */
  failed(host: string, code: string, now: number): boolean {
    const kind = kindOf(host);
    if (!this.#hasAddressOf(kind, now)) {
      this.#closed.set(kind, Number.POSITIVE_INFINITY);
      return true;
    }
    if (!NO_ROUTE.has(code)) return false;
    const failures = (this.#failures.get(kind) ?? 0) + 1;
    this.#failures.set(kind, failures);
    if (failures >= FAMILY_FAILURES) this.#closed.set(kind, now + FAMILY_PAUSE_MS);
    return false;
  }

  /** A dial got an answer, even if it was a refusal. */
  answered(host: string): void {
    if (this.#failures.size + this.#closed.size === 0) return;
    this.#failures.delete(kindOf(host));
    this.#closed.delete(kindOf(host));
  }

  /** The network has changed: all is to be found out anew. */
  reopen(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#closed.clear();
    this.#failures.clear();
  }

  /** Where families that had no address have one again: says of which hosts that is true. */
  tick(now: number): ((host: string) => boolean) | null {
    if (this.#closed.size === 0 || now - this.#tickedAt < FAMILY_POLL_MS) return null;
    this.#tickedAt = now;
    const opened = new Set<string>();
    for (const [kind, until] of this.#closed)
      if (until === Number.POSITIVE_INFINITY && this.#hasAddressOf(kind, now)) opened.add(kind);
    for (const kind of opened) this.#closed.delete(kind);
    return opened.size === 0 ? null : (host) => opened.has(kindOf(host));
  }

  #hasAddressOf(kind: string, now: number): boolean {
    if (now - this.#lookedAt >= FAMILY_POLL_MS) {
      this.#own = this.#ownAddresses();
      this.#lookedAt = now;
    }
    const own = this.#own;
    if (own === null) return true;
    if (this.#localAddress !== null) return own.includes(this.#localAddress);
    // An address of the link alone reaches no peer that a source names.
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
