/** The receiving half of a uTP connection: puts packets in order, and knows what to acknowledge. */
import {
  MAX_UTP_REORDERED_BYTES,
  MAX_UTP_REORDERED_PACKETS,
  UTP_KEPT_PACKET_BYTES,
  UTP_WINDOW_BYTES,
} from '../../../shared/limits.ts';
import { after, beyond } from './utp-packet.ts';

/** Bytes that arrived before their turn, for all connections of a shard: they must not fill its memory. */
export class ReorderBudget {
  #bytes = 0;

  take(bytes: number): boolean {
    if (this.#bytes + bytes > MAX_UTP_REORDERED_BYTES) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export class UtpReceiver {
  /** The last packet up to which all have arrived. */
  #ack: number;
  /** Packets that arrived before their turn, by sequence number; null for a FIN. */
  readonly #early = new Map<number, Buffer | null>();
  #earlyBytes = 0;
  readonly #budget: ReorderBudget;
  #ended = false;
  #forgotten = false;

  constructor(ack: number, budget: ReorderBudget) {
    this.#ack = ack;
    this.#budget = budget;
  }

  get ack(): number {
    return this.#ack;
  }

  /** Our receive window in bytes. */
  get window(): number {
    return Math.max(0, UTP_WINDOW_BYTES - this.#earlyBytes);
  }

  /** Packets are missing in between. */
  get hasGaps(): boolean {
    return this.#early.size > 0;
  }

  /** The whole stream has arrived, up to the FIN. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes a data packet or a FIN (`payload` null), and delivers everything that is in order now. */
  push(sequence: number, payload: Buffer | null, deliver: (bytes: Buffer) => void): void {
    const ahead = beyond(sequence, this.#ack);
    // Already received, or beyond any window of ours.
    if (ahead <= 0 || ahead > MAX_UTP_REORDERED_PACKETS || this.#forgotten) return;
    if (ahead > 1) return this.#keep(sequence, payload);
    this.#take(sequence, payload, deliver);
    while (!this.#forgotten && this.#early.size > 0) {
      const next = after(this.#ack, 1);
      const kept = this.#early.get(next);
      if (kept === undefined) return;
      this.#early.delete(next);
      this.#free(kept);
      this.#take(next, kept, deliver);
    }
  }

  /** BEP 29: which packets after the next one have arrived; null if none. */
  get selectiveAck(): Uint8Array | null {
    if (this.#early.size === 0) return null;
    const bits = [...this.#early.keys()].map((sequence) => beyond(sequence, this.#ack) - 2);
    const mask = new Uint8Array(4 * Math.ceil((Math.max(...bits) + 1) / 32));
    for (const bit of bits) mask[bit >> 3] = (mask[bit >> 3] ?? 0) | (1 << (bit & 7));
    return mask;
  }

  /** The connection is over. */
  forget(): void {
    for (const kept of this.#early.values()) this.#free(kept);
    this.#early.clear();
    this.#forgotten = true;
  }

  #take(sequence: number, payload: Buffer | null, deliver: (bytes: Buffer) => void): void {
    this.#ack = sequence;
    if (payload === null) {
      this.forget();
      this.#ended = true;
    } else if (payload.length > 0) deliver(payload);
  }

  #keep(sequence: number, payload: Buffer | null): void {
    const cost = costOf(payload);
    if (this.#early.has(sequence) || cost > this.window || !this.#budget.take(cost)) return;
    this.#earlyBytes += cost;
    // A copy, because the packet around it may be larger.
    this.#early.set(sequence, payload === null ? null : Buffer.from(payload));
  }

  #free(kept: Buffer | null): void {
    this.#earlyBytes -= costOf(kept);
    this.#budget.giveBack(costOf(kept));
  }
}

function costOf(payload: Buffer | null): number {
  return (payload?.length ?? 0) + UTP_KEPT_PACKET_BYTES;
}
