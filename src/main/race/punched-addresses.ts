/** Addresses that were dialled because a relay said so (BEP 55): none too often, and none that is connected in this way. */
import type { PeerIndex } from '../../shared/indices.ts';
import { MAX_PUNCHED_ADDRESSES, PUNCH_AGAIN_MS } from '../../shared/limits.ts';

export class PunchedAddresses {
  /** When each was dialled, the oldest first. */
  readonly #dialledAt = new Map<string, number>();
  readonly #connected = new Map<PeerIndex, string>();

  /** `address`: its key. If it may be dialled, it counts as dialled. */
  mayPunch(address: string, now: number): boolean {
    if (this.has(address) || this.isExpected(address, now)) return false;
    this.#dialledAt.delete(address);
    this.#dialledAt.set(address, now);
    const [oldest] = this.#dialledAt.keys();
    if (this.#dialledAt.size > MAX_PUNCHED_ADDRESSES && oldest !== undefined) this.#dialledAt.delete(oldest);
    return true;
  }

  /** It was dialled a moment ago. */
  isExpected(address: string, now: number): boolean {
    return now - (this.#dialledAt.get(address) ?? Number.NEGATIVE_INFINITY) < PUNCH_AGAIN_MS;
  }

  /** It is connected. */
  has(address: string): boolean {
    for (const connected of this.#connected.values()) if (connected === address) return true;
    return false;
  }

  connected(peer: PeerIndex, address: string): void {
    this.#connected.set(peer, address);
  }

  closed(peer: PeerIndex): void {
    this.#connected.delete(peer);
  }
}
