/** The sending half of a uTP connection: what waits, what is in flight, and what must be sent again (BEP 29). */
import {
  UTP_DATA_TRIES,
  UTP_FIRST_TIMEOUT_MS,
  UTP_MIN_TIMEOUT_MS,
  UTP_PAYLOAD_BYTES,
  UTP_ZERO_WINDOW_MS,
} from '../../../shared/limits.ts';
import { Congestion } from './congestion.ts';
import { after, beyond, UTP_TYPE, type UtpPacket, type UtpType } from './utp-packet.ts';

const NO_BYTES = Buffer.alloc(0);
/** Packets sent again after a time-out: what a new connection may send at once. */
const RESENT_BYTES = 4 * UTP_PAYLOAD_BYTES;
/** A packet counts as lost when this many later ones have arrived. */
const DUPLICATES = 3;

export interface Outgoing {
  readonly type: UtpType;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

interface UnderWay extends Outgoing {
  sentAt: number;
  /** How often it was sent. */
  times: number;
  arrived: boolean;
}

export class UtpSender {
  readonly #transmit: (packet: Outgoing) => void;
  readonly #congestion = new Congestion();
  #next: number;
  /** Oldest first, without gaps. */
  readonly #underWay: UnderWay[] = [];
  #bytesUnderWay = 0;
  readonly #waiting: Uint8Array[] = [];
  #bytesWaiting = 0;
  /** At the last flush bytes waited because of the congestion window. */
  #isHeld = false;
  #peerWindow = UTP_PAYLOAD_BYTES;
  #noRoomSince: number | null = null;
  #newestAck: number;
  #roundTripMs = 0;
  #varianceMs = 0;
  #timeoutMs = UTP_FIRST_TIMEOUT_MS;
  /** Bytes were lost in the window that ends here: it is halved only once. */
  #lossUntil: number;
  /** Since the last time-out: what was sent before it counts as lost, up to this packet. */
  #recovery: { readonly until: number; readonly since: number } | null = null;

  /** `transmit` sends a packet with the newest header. */
  constructor(firstSequence: number, transmit: (packet: Outgoing) => void) {
    this.#next = firstSequence;
    this.#lossUntil = firstSequence;
    this.#newestAck = after(firstSequence, -1);
    this.#transmit = transmit;
  }

  /** The number of the next new packet. */
  get next(): number {
    return this.#next;
  }

  /** Written bytes that no packet has carried yet. */
  get unsentBytes(): number {
    return this.#bytesWaiting;
  }

  write(bytes: Uint8Array): void {
    // A copy, because some messages are made once and sent to all peers, and this one may have to wait.
    this.#waiting.push(Uint8Array.from(bytes));
    this.#bytesWaiting += bytes.length;
  }

  /** Sends a packet that has a number but is not part of the stream. */
  sendNow(type: UtpType, now: number): void {
    this.#send({ type, sequence: this.#next, payload: NO_BYTES, sentAt: now, times: 0, arrived: false }, now);
  }

  /** Sends what may be sent. True if it sent anything, and with it our newest acknowledgement. */
  flush(now: number): boolean {
    let sent = false;
    while (this.#bytesWaiting > 0) {
      const bytes = Math.min(UTP_PAYLOAD_BYTES, this.#bytesWaiting, this.#peerWindow || UTP_PAYLOAD_BYTES);
      if (!this.#hasRoom(bytes, now)) break;
      const payload = this.#cut(bytes);
      this.#send(
        { type: UTP_TYPE.data, sequence: this.#next, payload, sentAt: now, times: 0, arrived: false },
        now,
      );
      sent = true;
    }
    this.#isHeld = this.#bytesWaiting > 0 && this.#congestion.window < this.#peerWindow;
    return sent;
  }

  /** A packet acknowledges everything that was sent. */
  isAllAcknowledgedBy({ ack }: UtpPacket): boolean {
    return ack === after(this.#next, -1);
  }

  /** Handles the acknowledgement in a packet. False if it names packets that were never sent. */
  acknowledged({ ack, selectiveAck, delay, window }: UtpPacket, now: number): boolean {
    if (beyond(ack, after(this.#next, -1)) > 0) return false;
    // A packet that was overtaken on its way carries an old window.
    if (beyond(ack, this.#newestAck) >= 0) {
      this.#newestAck = ack;
      this.#peerWindow = window;
      if (window > 0) this.#noRoomSince = null;
    }
    let bytes = 0;
    // Progress proves that the connection is alive, so the time-out is short again.
    if (beyond(ack, this.#oldestSequence) >= 0) this.#timeoutMs = this.#plainTimeoutMs;
    while (this.#underWay.length > 0 && beyond(ack, this.#oldest().sequence) >= 0) {
      const packet = this.#underWay.shift() as UnderWay;
      bytes += this.#arrived(packet, now);
    }
    // Half of all numbers count as earlier than any one: a mark that stays behind would be ahead one day.
    if (beyond(this.#oldestSequence, this.#lossUntil) > 0) this.#lossUntil = this.#oldestSequence;
    if (selectiveAck !== null) bytes += this.#heedSelective(ack, selectiveAck, now);
    if (bytes > 0) {
      this.#congestion.acknowledged(bytes, delay, this.#isHeld, now);
      this.#recover(bytes, now);
    }
    return true;
  }

  /** What arrives makes room for what was lost, and for a packet more: one flight for each time-out would take minutes. */
  #recover(arrived: number, now: number): void {
    if (this.#recovery === null) return;
    const { until, since } = this.#recovery;
    if (beyond(this.#oldestSequence, until) >= 0) this.#recovery = null;
    else this.#resend(arrived + UTP_PAYLOAD_BYTES, until, since, now);
  }

  /** The first packets that were sent before `since`, of those before `until`. */
  #resend(most: number, until: number, since: number, now: number): void {
    let bytes = 0;
    for (const packet of this.#underWay) {
      if (bytes >= most || beyond(packet.sequence, until) >= 0) return;
      if (packet.arrived || packet.sentAt >= since) continue;
      // Its last try is for the time when everything waits for it.
      if (packet !== this.#oldest() && packet.times >= UTP_DATA_TRIES - 1) return;
      this.#again(packet, now);
      bytes += Math.max(1, packet.payload.length);
    }
  }

  /** Sends the oldest packet again if it is overdue. `dead` once this was done `maxTimes` times. */
  tick(now: number, maxTimes: number): 'alive' | 'dead' {
    const oldest = this.#underWay[0];
    if (oldest === undefined || now - oldest.sentAt < this.#timeoutMs) return 'alive';
    if (oldest.times >= maxTimes) return 'dead';
    this.#timeoutMs *= 2;
    this.#congestion.timedOut();
    // After such a silence the other packets are usually lost as well: one flight of them is sent again, and more as they arrive.
    this.#recovery = { until: this.#next, since: now };
    this.#resend(RESENT_BYTES, this.#next, now, now);
    return 'alive';
  }

  /** The number of the awaited packet, or else of the next one to send. */
  get #oldestSequence(): number {
    return this.#underWay[0]?.sequence ?? this.#next;
  }

  get #plainTimeoutMs(): number {
    if (this.#roundTripMs === 0) return UTP_FIRST_TIMEOUT_MS;
    return Math.max(UTP_MIN_TIMEOUT_MS, this.#roundTripMs + 4 * this.#varianceMs);
  }

  #oldest(): UnderWay {
    return this.#underWay[0] as UnderWay;
  }

  #hasRoom(bytes: number, now: number): boolean {
    if (this.#bytesUnderWay + bytes <= Math.min(this.#congestion.window, this.#peerWindow)) return true;
    if (this.#underWay.length > 0) return false;
    if (this.#peerWindow >= bytes) return true;
    // The message that there is room again may have been lost: probe now and then with a packet.
    this.#noRoomSince ??= now;
    if (now - this.#noRoomSince < UTP_ZERO_WINDOW_MS) return false;
    this.#noRoomSince = now;
    return true;
  }

  #cut(bytes: number): Uint8Array {
    this.#bytesWaiting -= bytes;
    const first = this.#waiting[0] as Uint8Array;
    if (first.length === bytes) {
      this.#waiting.shift();
      return first;
    }
    const payload = Buffer.allocUnsafe(bytes);
    for (let at = 0; at < bytes; ) {
      const head = this.#waiting[0] as Uint8Array;
      const part = head.subarray(0, bytes - at);
      payload.set(part, at);
      at += part.length;
      if (part.length === head.length) this.#waiting.shift();
      else this.#waiting[0] = head.subarray(part.length);
    }
    return payload;
  }

  #send(packet: UnderWay, now: number): void {
    this.#next = after(this.#next, 1);
    this.#underWay.push(packet);
    this.#bytesUnderWay += packet.payload.length;
    this.#again(packet, now);
  }

  #again(packet: UnderWay, now: number): void {
    packet.sentAt = now;
    packet.times += 1;
    this.#transmit(packet);
  }

  /** Returns the newly acknowledged bytes. */
  #arrived(packet: UnderWay, now: number): number {
    if (packet.arrived) return 0;
    packet.arrived = true;
    this.#bytesUnderWay -= packet.payload.length;
    // Karn: if a packet was sent twice, it is unknown which one was answered.
    // After a time-out, what arrived before it is acknowledged late.
    if (packet.times === 1 && this.#recovery === null) this.#measure(now - packet.sentAt);
    return Math.max(1, packet.payload.length);
  }

  #measure(ms: number): void {
    if (this.#roundTripMs === 0) {
      this.#roundTripMs = ms;
      this.#varianceMs = ms / 2;
    } else {
      this.#varianceMs += (Math.abs(this.#roundTripMs - ms) - this.#varianceMs) / 4;
      this.#roundTripMs += (ms - this.#roundTripMs) / 8;
    }
    this.#timeoutMs = this.#plainTimeoutMs;
  }

  #heedSelective(ack: number, mask: Uint8Array, now: number): number {
    let bytes = 0;
    let later = 0;
    for (let i = this.#underWay.length - 1; i >= 0; i--) {
      const packet = this.#underWay[i] as UnderWay;
      const bit = beyond(packet.sequence, ack) - 2;
      if (bit >= 0 && ((mask[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0) {
        bytes += this.#arrived(packet, now);
        later += 1;
      } else if (later >= DUPLICATES && packet.times === 1) this.#lost(packet, now);
    }
    return bytes;
  }

  #lost(packet: UnderWay, now: number): void {
    if (beyond(packet.sequence, this.#lossUntil) >= 0) {
      this.#congestion.lost();
      this.#lossUntil = this.#next;
    }
    this.#again(packet, now);
  }
}
