/**
 * Detects that the network of this machine is back: its addresses change, it was asleep, or something succeeds for the first time
 * after a period of failures only. Pure: its input and the time come from outside.
 */
import { NETWORK_OUTAGE_MS, SLEEP_STEP_MS } from '../../shared/limits.ts';

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
  | { readonly by: 'address' | 'sleep' }
  /** `ms`: how long nothing succeeded. `isStranger`: it was asleep as well, or has a new address. */
  | { readonly by: 'success'; readonly ms: number; readonly isStranger: boolean };

/** Others know us by an old address, or have forgotten us while we slept. */
export function isStranger(back: NetworkReturn): boolean {
  return back.by !== 'success' || back.isStranger;
}

export class NetworkWatch {
  #before: NetworkSigns | null = null;
  #addresses = '';
  /** How far the calendar was ahead of the monotonic clock. */
  #lead = 0;
  #successAt: number;
  /** Time of the last success. */
  #failedDials = 0;
  #failedAnnounces = 0;

  constructor(now: number) {
    this.#successAt = now;
  }

  /** Null if the network has not come back. `now`: of the monotonic clock; `calendar`: at the same moment. */
  look(signs: NetworkSigns, now: number, calendar: number): NetworkReturn | null {
    const before = this.#before;
    const hasMoved = this.#hasMoved(signs.addresses);
    const hasSlept = this.#hasSlept(calendar - now);
    this.#before = signs;
    if (before === null) return null;
    const outageMs = this.#endedOutage(before, signs, now);
    if (succeeded(before, signs)) {
      this.#successAt = now;
      this.#failedDials = signs.failedDials;
      this.#failedAnnounces = signs.failedAnnounces;
    }
    if (outageMs !== null) return { by: 'success', ms: outageMs, isStranger: hasMoved || hasSlept };
    if (hasMoved) return { by: 'address' };
    return hasSlept ? { by: 'sleep' } : null;
  }

  /** How long nothing succeeded before the success of this moment; null if there is none. */
  #endedOutage(before: NetworkSigns, signs: NetworkSigns, now: number): number | null {
    const ms = now - this.#successAt;
    if (ms < NETWORK_OUTAGE_MS || before.inSession > 0) return null;
    const dialsFailed = before.failedDials > this.#failedDials;
    const announcesFailed = before.failedAnnounces > this.#failedAnnounces;
    const peers = signs.connected > before.connected && dialsFailed;
    const trackers = signs.answered > before.answered && announcesFailed;
    const webSeeds = signs.bytes > before.bytes && (dialsFailed || announcesFailed);
    return peers || trackers || webSeeds ? ms : null;
  }

  /** A clock that is set back says nothing. */
  #hasSlept(lead: number): boolean {
    const hasSlept = this.#before !== null && lead - this.#lead > SLEEP_STEP_MS;
    this.#lead = lead;
    return hasSlept;
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
