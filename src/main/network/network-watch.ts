/**
 * Sees when the network of this machine comes back: its addresses change, or something succeeds for the first time after a
 * while in which nothing did. Pure: what it judges, and the time, come from outside.
 */
import { NETWORK_OUTAGE_MS } from '../../shared/limits.ts';

/** What is seen at one moment; all counts since the start. */
export interface NetworkSigns {
  /** Of this machine; null where they are not known. */
  readonly addresses: readonly string[] | null;
  /** Peers that are connected now. */
  readonly inSession: number;
  /** Connections to peers that came about, and dials that failed. */
  readonly connected: number;
  readonly failedDials: number;
  /** Announces that were answered, and that failed. */
  readonly answered: number;
  readonly failedAnnounces: number;
  /** Bytes received, from peers and web seeds. */
  readonly bytes: number;
}

export type NetworkReturn =
  | { readonly by: 'address' }
  /** `ms`: for how long nothing succeeded. */
  | { readonly by: 'success'; readonly ms: number };

export class NetworkWatch {
  #before: NetworkSigns | null = null;
  #addresses = '';
  #successAt: number;
  /** At the last success. */
  #failedDials = 0;
  #failedAnnounces = 0;

  constructor(now: number) {
    this.#successAt = now;
  }

  /** Null where nothing has come back. */
  look(signs: NetworkSigns, now: number): NetworkReturn | null {
    const before = this.#before;
    const hasMoved = this.#hasMoved(signs.addresses);
    this.#before = signs;
    if (before === null) return null;
    const returned = this.#returned(before, signs, now);
    if (succeeded(before, signs)) {
      this.#successAt = now;
      this.#failedDials = signs.failedDials;
      this.#failedAnnounces = signs.failedAnnounces;
    }
    return returned ?? (hasMoved ? { by: 'address' } : null);
  }

  #returned(before: NetworkSigns, signs: NetworkSigns, now: number): NetworkReturn | null {
    const ms = now - this.#successAt;
    if (ms < NETWORK_OUTAGE_MS || before.inSession > 0) return null;
    const dialsFailed = before.failedDials > this.#failedDials;
    const announcesFailed = before.failedAnnounces > this.#failedAnnounces;
    const peers = signs.connected > before.connected && dialsFailed;
    const trackers = signs.answered > before.answered && announcesFailed;
    const webSeeds = signs.bytes > before.bytes && (dialsFailed || announcesFailed);
    return peers || trackers || webSeeds ? { by: 'success', ms } : null;
  }

  /** The addresses by which others may be reached are not what they were, and there are some. */
  #hasMoved(addresses: readonly string[] | null): boolean {
    if (addresses === null) return false;
    const outward = addresses.filter((address) => !/^(?:127\.|::1$|fe80:)/.test(address));
    const now = outward.sort().join(' ');
    const hasMoved = this.#before !== null && now !== '' && now !== this.#addresses;
    this.#addresses = now;
    return hasMoved;
  }
}

function succeeded(before: NetworkSigns, now: NetworkSigns): boolean {
  return now.connected > before.connected || now.answered > before.answered || now.bytes > before.bytes;
}
