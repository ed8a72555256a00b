/**
 * The addresses of a shard that are not in play: those that wait for their turn, those sent home because others won, and
 * those that will be tried again later.
 */
import type { CloseCode } from '../shared/close-reason.ts';
import type { PeerIndex } from '../shared/indices.ts';
import { MAX_RECONNECTS, RECONNECT_MS } from '../shared/limits.ts';
import type { PeerAddress } from '../shared/messages.ts';

/** Endings that may go otherwise the next time. Who broke the rules, or refused, is not asked again. */
const WORTH_RETRYING: ReadonlySet<CloseCode> = new Set<CloseCode>([
  'connect-timeout',
  'connect-failed',
  'closed-by-peer',
  'reset',
  'handshake-timeout',
  'never-unchoked',
  'idle',
  'stalled',
  'slot-needed',
  'too-early',
  'replaced',
]);

interface Retry {
  readonly at: number;
  readonly address: PeerAddress;
}

export class AddressBook {
  #queue: PeerAddress[] = [];
  /** Those before it have had their turn. */
  #head = 0;
  #sentHome: PeerAddress[] = [];
  #retries: Retry[] = [];
  readonly #banished = new Set<PeerIndex>();
  readonly #attempts = new Map<PeerIndex, number>();

  /** Addresses that could be dialled now. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  add(addresses: readonly PeerAddress[]): void {
    for (const address of addresses) this.#queue.push(address);
  }

  /** Before all others. */
  addFirst(address: PeerAddress): void {
    if (this.#head > 0) this.#queue[--this.#head] = address;
    else this.#queue.unshift(address);
  }

  next(): PeerAddress | null {
    const address = this.#queue[this.#head];
    if (address === undefined) return null;
    this.#head += 1;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    return address;
  }

  sendHome(address: PeerAddress): void {
    this.#sentHome.push(address);
  }

  /** Everybody who was sent home may come again. */
  callBack(): void {
    this.add(this.#sentHome);
    this.#sentHome = [];
  }

  /** Milliseconds until the next try: ten seconds, doubling, three times; null where it is not worth it, or was tried often enough. */
  retryLater(address: PeerAddress, code: CloseCode, now: number): number | null {
    // Nothing was wrong with it: it comes when there is room.
    if (code === 'surplus') {
      this.add([address]);
      return 0;
    }
    const attempts = this.#attempts.get(address.peer) ?? 0;
    if (!WORTH_RETRYING.has(code) || attempts >= MAX_RECONNECTS) return null;
    this.#attempts.set(address.peer, attempts + 1);
    const wait = RECONNECT_MS * 2 ** attempts;
    this.#retries.push({ at: now + wait, address });
    return wait;
  }

  /** Never again. Returns the addresses of those that were waiting here. */
  banish(peers: readonly PeerIndex[]): PeerAddress[] {
    for (const peer of peers) {
      this.#attempts.set(peer, MAX_RECONNECTS);
      this.#banished.add(peer);
    }
    const stays = ({ peer }: PeerAddress) => !this.#banished.has(peer);
    const waiting = [
      ...this.#queue.slice(this.#head),
      ...this.#sentHome,
      ...this.#retries.map(({ address }) => address),
    ].filter((address) => !stays(address));
    if (waiting.length === 0) return [];
    this.#queue = this.#queue.slice(this.#head).filter(stays);
    this.#head = 0;
    this.#sentHome = this.#sentHome.filter(stays);
    this.#retries = this.#retries.filter(({ address }) => stays(address));
    return waiting;
  }

  /** The peer proved useful: its next retries count from the start. */
  forgive(peer: PeerIndex): void {
    if (!this.#banished.has(peer)) this.#attempts.delete(peer);
  }

  /** Retries that are due go back into the queue. */
  tick(now: number): void {
    if (this.#retries.length === 0) return;
    this.add(this.#retries.filter(({ at }) => at <= now).map(({ address }) => address));
    this.#retries = this.#retries.filter(({ at }) => at > now);
  }
}
