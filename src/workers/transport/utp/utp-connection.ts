/**
 * One uTP connection (BEP 29): the peer's driver sees a connection like any other. It owns no socket and no timer: its
 * endpoint brings packets, asks it to flush at the end of a turn, and ticks.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { CloseCode } from '../../../shared/close-reason.ts';
import {
  UTP_DATA_TRIES,
  UTP_KEEP_ALIVE_MS,
  UTP_PACKETS_PER_ACK,
  UTP_SYN_TRIES,
} from '../../../shared/limits.ts';
import type { Address, Connection, ConnectionEvents } from '../transport.ts';
import { after, encodeUtp, UTP_TYPE, type UtpPacket, type UtpType } from './utp-packet.ts';
import { type ReorderBudget, UtpReceiver } from './utp-receiver.ts';
import { type Outgoing, UtpSender } from './utp-sender.ts';

const NO_BYTES = new Uint8Array(0);

/** What a connection needs from its endpoint. */
export interface UtpLink {
  readonly clock: Clock;
  /** The clock for packet timestamps. It never stops: the other end would take a jump for a queue on the line. */
  readonly timestamps: Clock;
  readonly readBuffer: Buffer;
  readonly budget: ReorderBudget;
  send(packet: Buffer, to: Address): void;
  /** The port that packets to this address leave from; null while there is none. */
  localPort(to: Address): number | null;
  /** Calls `flush` at the end of this turn. */
  wantsFlush(connection: UtpConnection): void;
  /** It is over: later packets for it do not matter. */
  over(connection: UtpConnection): void;
}

/** `connecting`: we requested it. `asked`: the peer requested it and has not yet proved that it receives us. */
type Phase = 'connecting' | 'asked' | 'open' | 'over';

export class UtpConnection implements Connection {
  readonly kind = 'utp';
  readonly peer: Address;
  /** The connection id of packets to us; ours carry the other one. */
  readonly receiveId: number;
  readonly #sendId: number;
  readonly #link: UtpLink;
  readonly #sender: UtpSender;
  #receiver: UtpReceiver | null = null;
  #events: ConnectionEvents | null;
  #phase: Phase;
  /** Received packets that are not yet acknowledged. */
  #unacknowledged = 0;
  /** The delay of the newest packet, for its sender; microseconds modulo 2^32. */
  #delay = 0;
  #sentAt: number;
  /** Called when all parts are in packets. */
  #sent: (() => void) | null = null;

  private constructor(
    peer: Address,
    ids: { readonly receive: number; readonly send: number },
    firstSequence: number,
    link: UtpLink,
    events: ConnectionEvents | null,
  ) {
    this.peer = peer;
    this.receiveId = ids.receive;
    this.#sendId = ids.send;
    this.#link = link;
    this.#events = events;
    this.#phase = events === null ? 'asked' : 'connecting';
    this.#sentAt = link.clock();
    this.#sender = new UtpSender(firstSequence, (packet) => this.#transmit(packet));
  }

  /** Requests a connection. `receiveId`: a free id. */
  static dial(peer: Address, receiveId: number, link: UtpLink, events: ConnectionEvents): UtpConnection {
    const ids = { receive: receiveId, send: after(receiveId, 1) };
    const connection = new UtpConnection(peer, ids, 1, link, events);
    connection.#sender.sendNow(UTP_TYPE.syn, link.clock());
    return connection;
  }

  /**
   * Answers a peer that requests a connection. No event is sent before `start`: the sender address of a packet may be forged,
   * and only a peer that received our answer knows its number.
   */
  static answer(syn: UtpPacket, peer: Address, firstSequence: number, link: UtpLink): UtpConnection {
    const ids = { receive: after(syn.connectionId, 1), send: syn.connectionId };
    const connection = new UtpConnection(peer, ids, firstSequence, link, null);
    connection.#receiver = new UtpReceiver(syn.sequence, link.budget);
    connection.#delay = connection.#delayOf(syn);
    connection.#acknowledge();
    return connection;
  }

  /** It requested a connection and is not yet announced. */
  get isStranger(): boolean {
    return this.#events === null;
  }

  /** Packets with this id and address belong to it. A reset may carry the id of our own packets. */
  answersTo(id: number, { host, port }: Address, isReset: boolean): boolean {
    if (this.receiveId !== id && !(isReset && this.#sendId === id)) return false;
    return this.peer.port === port && this.peer.host === host;
  }

  get localPort(): number | null {
    return this.#link.localPort(this.peer);
  }

  get unsentBytes(): number {
    return this.#sender.unsentBytes;
  }

  /** True for the first packet that proves that a stranger received our answer. */
  provesItself(packet: UtpPacket): boolean {
    return packet.type === UTP_TYPE.data && this.#sender.isAllAcknowledgedBy(packet);
  }

  /** Events are sent from now on. */
  start(events: ConnectionEvents): this {
    this.#events = events;
    this.#phase = 'open';
    return this;
  }

  write(bytes: Uint8Array): void {
    if (this.#phase === 'over') return;
    this.#sender.write(bytes);
    this.#link.wantsFlush(this);
  }

  writeParts(parts: readonly Uint8Array[], sent: () => void): void {
    if (this.#phase === 'over') return;
    for (const part of parts) this.#sender.write(part);
    this.#sent = sent;
    this.#link.wantsFlush(this);
  }

  /** Says goodbye once; if that is lost, the peer notices when it next sends something. */
  destroy(): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'open') {
      const now = this.#link.clock();
      this.#sender.flush(now);
      this.#sender.sendNow(UTP_TYPE.fin, now);
    }
    this.#finish();
  }

  /** A packet for this connection, from its peer. */
  receive(packet: UtpPacket): void {
    if (this.#phase === 'over') return;
    if (packet.type === UTP_TYPE.reset) {
      return this.#end(this.#phase === 'connecting' ? 'refused' : 'reset', 'uTP reset');
    }
    // Requested again, so our answer was lost: a SYN acknowledges nothing.
    if (packet.type === UTP_TYPE.syn) return this.#acknowledge();
    // An answer must name our SYN: a forger who never saw it would have to guess.
    const isAnswer = packet.type === UTP_TYPE.state && this.#sender.isAllAcknowledgedBy(packet);
    if (this.#phase === 'connecting' && !isAnswer) return;
    if (!this.#sender.acknowledged(packet, this.#link.clock())) return;
    this.#delay = this.#delayOf(packet);
    if (this.#phase === 'connecting') this.#connected(packet);
    if (packet.type !== UTP_TYPE.state) this.#takeIn(packet);
    this.#link.wantsFlush(this);
  }

  /** The end of a turn: acknowledges what arrived in it, unless our data does this already. */
  flush(): void {
    if (this.#phase !== 'open') return;
    const told = this.#sender.flush(this.#link.clock()) && this.#receiver?.hasGaps === false;
    if (told) this.#unacknowledged = 0;
    if (this.#unacknowledged > 0) this.#acknowledge();
    this.#tellSent();
  }

  tick(now: number): void {
    if (this.#phase === 'over') return;
    const tries = this.#phase === 'connecting' ? UTP_SYN_TRIES : UTP_DATA_TRIES;
    if (this.#sender.tick(now, tries) === 'alive') {
      this.flush();
      if (this.#phase === 'open' && now - this.#sentAt >= UTP_KEEP_ALIVE_MS) this.#acknowledge();
      return;
    }
    this.#end(this.#phase === 'connecting' ? 'connect-timeout' : 'reset', 'uTP: no answer');
  }

  /** Everything that was written is in packets. */
  #tellSent(): void {
    const sent = this.#sent;
    if (sent === null || this.#sender.unsentBytes > 0) return;
    this.#sent = null;
    sent();
  }

  #acknowledge(): void {
    this.#unacknowledged = 0;
    this.#transmit({ type: UTP_TYPE.state, sequence: this.#sender.next, payload: NO_BYTES });
  }

  #connected({ sequence }: UtpPacket): void {
    // The answer to a SYN carries the number of the next packet without using it up (libutp, libtorrent).
    this.#receiver = new UtpReceiver(after(sequence, -1), this.#link.budget);
    this.#phase = 'open';
    this.#events?.onConnect();
  }

  #takeIn(packet: UtpPacket): void {
    const receiver = this.#receiver;
    // The driver may have closed it when it learned that it is connected.
    if (receiver === null || this.#phase !== 'open') return;
    this.#unacknowledged += 1;
    receiver.push(packet.sequence, packet.type === UTP_TYPE.fin ? null : packet.payload, (bytes) =>
      this.#deliver(bytes),
    );
    // If the driver closed the receiver because of these bytes, it has not seen the end.
    if (receiver.ended) return this.#end('closed-by-peer', 'uTP FIN');
    // In a long turn the other end would wait, and a single acknowledgement for everything could be lost.
    if (this.#unacknowledged >= UTP_PACKETS_PER_ACK) this.flush();
  }

  #deliver(bytes: Buffer): void {
    if (this.#phase !== 'open') return;
    this.#link.readBuffer.set(bytes);
    this.#events?.onData(bytes.length);
  }

  #end(code: CloseCode, detail: string): void {
    const wasOpen = this.#phase === 'open';
    if (wasOpen && code === 'closed-by-peer') this.#acknowledge();
    this.#finish();
    this.#events?.onEnd(code, detail);
  }

  #finish(): void {
    this.#phase = 'over';
    this.#receiver?.forget();
    this.#link.over(this);
  }

  #transmit({ type, sequence, payload }: Outgoing): void {
    const head = {
      type,
      // Only a SYN carries the id that we listen to.
      connectionId: type === UTP_TYPE.syn ? this.receiveId : this.#sendId,
      sentAt: microseconds(this.#link.timestamps()),
      delay: this.#delay,
      window: this.#receiver?.window ?? 0,
      sequence,
      ack: this.#receiver?.ack ?? 0,
    };
    this.#sentAt = this.#link.clock();
    const selective = type === UTP_TYPE.state ? (this.#receiver?.selectiveAck ?? null) : null;
    this.#link.send(encodeUtp(head, selective, payload), this.peer);
  }

  #delayOf({ sentAt }: UtpPacket): number {
    return sentAt === 0 ? 0 : (microseconds(this.#link.timestamps()) - sentAt) >>> 0;
  }
}

/** Modulo 2^32, as in packets. */
function microseconds(ms: number): number {
  return Math.floor(ms * 1_000) % 2 ** 32;
}

/** Tells an unknown sender that there is no such connection. */
export function resetFor({ connectionId, sequence }: UtpPacket, now: number): Buffer {
  const type: UtpType = UTP_TYPE.reset;
  const head = {
    type,
    connectionId,
    sentAt: microseconds(now),
    delay: 0,
    window: 0,
    sequence: 0,
    ack: sequence,
  };
  return encodeUtp(head, null, NO_BYTES);
}
