/** The deadline tick of all peers of a thread: ten thousand of them must not make one long turn of the event loop. */
import { TICK_SLICE_PEERS } from '../../shared/limits.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';

export class TickSlices {
  readonly #soon: (work: () => void) => void;
  readonly #guard: (work: () => void) => void;
  /** Peers of this tick that wait for a later turn. */
  #waiting: PeerDriver[] = [];
  /** Peers that may be ticked in this turn. */
  #left = 0;
  /** The tick before is not through: this one must not add the same peers again. */
  #isLate = false;

  constructor(soon: (work: () => void) => void, guard: (work: () => void) => void) {
    this.#soon = soon;
    this.#guard = guard;
  }

  /** A tick of the thread begins. */
  begin(): void {
    this.#isLate = this.#waiting.length > 0;
    this.#left = TICK_SLICE_PEERS;
  }

  /** Ticks the peers of one torrent: in this turn as many as it has room for, the others in the turns after it. */
  add(peers: Iterable<PeerDriver>): void {
    if (this.#isLate) return;
    for (const peer of [...peers]) {
      if (this.#left > 0) this.#tick(peer);
      else if (this.#waiting.push(peer) === 1) this.#next();
    }
  }

  #tick(peer: PeerDriver): void {
    this.#left -= 1;
    peer.tick();
  }

  #next(): void {
    this.#soon(() => this.#guard(() => this.#slice()));
  }

  #slice(): void {
    const peers = this.#waiting;
    this.#waiting = peers.slice(TICK_SLICE_PEERS);
    for (const peer of peers.slice(0, TICK_SLICE_PEERS)) peer.tick();
    if (this.#waiting.length > 0) this.#next();
  }
}
