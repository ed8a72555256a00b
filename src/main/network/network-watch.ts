/**
 * Detects that the network of this machine is back: its addresses change, or something succeeds for the first time after a
 * period of failures only. Pure: its input and the time come from outside.
 */
import { NETWORK_OUTAGE_MS } from '../../shared/limits.ts';

/** The state at one moment; all counts are since the start. */
export interface NetworkSigns {
  /** Of this machine; null if they are unknown. */
  readonly addresses: readonly string[] | null;
  /** Peers that are connected now. */
  readonly inSession: number;
  /** Successful connections to peers, and failed dials. */
  readonly connected: number;
  readonly failedDials: number;
  /** Answered and failed announces. */
  readonly answered: number;
  readonly failedAnnounces: number;
  /** Bytes received, from peers and web seeds. */
  readonly bytes: number;
}

export type NetworkReturn =
  | { readonly by: 'address' }
  /** `ms`: how long nothing succeeded. */
  | { readonly by: 'success'; readonly ms: number };

export class NetworkWatch {
  #before: NetworkSigns | null = null;
  #addresses = '';
  #successAt: number;
  /** Time of the last success. */
  #failedDials = 0;
  #failedAnnounces = 0;

  constructor(now: number) {
    this.#successAt = now;
  }

  /** Null if the network has not come back. */
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

  /** The addresses that reach other machines have changed, and there are some. */
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
