/**
 * The address families that this machine can reach. On a machine without IPv6 every dial of an IPv6 address fails, with one of
 * several error codes (EADDRNOTAVAIL among them, which otherwise means a shortage of ports). The peer is not at fault, and there
 * is no shortage: the family is skipped until this machine has an address of it. If there is an address but no route, or a
 * firewall forbids the family, many dials in a row fail: then the family is skipped for a while.
 *
 * Our addresses are read only after a dial has failed: some systems connect without showing any address.
 */
import { reachOf } from '../../shared/address-rules.ts';
import { FAMILY_FAILURES, FAMILY_PAUSE_MS, FAMILY_POLL_MS } from '../../shared/limits.ts';

/** Error codes that usually mean that the family cannot be reached. A single host may cause them as well. */
const NO_ROUTE: ReadonlySet<string> = new Set(['ENETUNREACH', 'EACCES', 'EPERM', 'EAFNOSUPPORT', 'ENETDOWN']);

/** `closed`: for now. `never`: the user chose a local address of the other family. */
export type Way = 'open' | 'closed' | 'never';

export class Families {
  readonly #localAddress: string | null;
  readonly #ownAddresses: () => readonly string[] | null;
  /** Kinds of hosts that cannot be reached, and until when to skip them; Infinity: until an address appears. */
  readonly #closed = new Map<string, number>();
  /** Dials in a row that found no route. */
  readonly #failures = new Map<string, number>();
  #tickedAt = Number.NEGATIVE_INFINITY;
  /** The addresses of this machine, and when they were read: with many interfaces this takes milliseconds. */
  #own: readonly string[] | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `localAddress`: the source address of all dials; null lets the system choose. */
  constructor(localAddress: string | null, ownAddresses: () => readonly string[] | null) {
    this.#localAddress = localAddress;
    this.#ownAddresses = ownAddresses;
  }

  wayTo(host: string, now: number): Way {
    if (this.#localAddress !== null && familyOf(this.#localAddress) !== familyOf(host)) return 'never';
    if (this.#closed.size === 0) return 'open';
    return now < (this.#closed.get(kindOf(host)) ?? 0) ? 'closed' : 'open';
  }

  /** A dial failed with this error code. True if the reason is that we have no address of this family. */
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

  /** The network has changed: everything is tested again. */
  reopen(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#closed.clear();
    this.#failures.clear();
  }

  /** If a family without an address has one again: returns a function that says for which hosts this is true. */
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
    // A link-local address reaches no peer from a source.
    return own.some((address) => kindOf(address) === kind && !address.startsWith('fe80:'));
  }
}

export function familyOf(host: string): 4 | 6 {
  return host.includes(':') ? 6 : 4;
}

/** The hosts to which an error applies as well: those of its family, near (loopback) or far. */
function kindOf(host: string): string {
  return `${familyOf(host)} ${reachOf(host) === 'loopback' ? 'near' : 'far'}`;
}
