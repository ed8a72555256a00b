/** A connection with Message Stream Encryption: the peer's driver sees a plain connection, the network sees noise. */
import type { CloseCode } from '../../../shared/close-reason.ts';
import type { Encryption, TransportKind } from '../../../shared/messages.ts';
import { mayBeHandshake, PROTOCOL_BYTES } from '../../wire/handshake.ts';
import type { Connection, ConnectionEvents } from '../transport.ts';
import { KEY_BYTES, METHOD, type RandomBytes } from './key-exchange.ts';
import {
  type Ciphers,
  type MseHandshake,
  MseInitiator,
  MseResponder,
  type MseStep,
  type TorrentFinder,
} from './mse-handshake.ts';

/** The methods that we accept: `require` also wants the stream encrypted. */
function methodsOf(encryption: Encryption): number {
  return encryption === 'require' ? METHOD.rc4 : METHOD.plain | METHOD.rc4;
}

abstract class WrappedConnection implements Connection, ConnectionEvents {
  protected events: ConnectionEvents;
  protected readonly readBuffer: Buffer;
  protected handshake: MseHandshake | null = null;
  protected inner: Connection | null = null;
  #ciphers: Ciphers | null = null;
  #ended = false;

  constructor(readBuffer: Buffer, events: ConnectionEvents) {
    this.readBuffer = readBuffer;
    this.events = events;
  }

  /** The inner connection; set before any event. */
  attach(inner: Connection): this {
    this.inner = inner;
    return this;
  }

  get kind(): TransportKind {
    const below = this.inner?.kind ?? 'tcp';
    if (this.#ciphers === null && this.handshake === null) return below;
    const way = below === 'utp' ? 'utp-' : '';
    if (this.#ciphers === null) return `${way}mse`;
    return this.#ciphers.encrypt === null ? `${way}mse-plain` : `${way}mse-rc4`;
  }

  get localPort(): number | null {
    return this.inner?.localPort ?? null;
  }

  get unsentBytes(): number {
    return this.inner?.unsentBytes ?? 0;
  }

  write(bytes: Uint8Array): void {
    const cipher = this.#ciphers?.encrypt ?? null;
    // A copy, because some messages are made once and sent to all peers.
    this.inner?.write(cipher === null ? bytes : cipher.copy(bytes));
  }

  writeParts(parts: readonly Uint8Array[], sent: () => void): void {
    const cipher = this.#ciphers?.encrypt ?? null;
    this.inner?.writeParts(cipher === null ? parts : parts.map((part) => cipher.copy(part)), sent);
  }

  destroy(): void {
    this.#ended = true;
    this.inner?.destroy();
  }

  abstract onConnect(): void;

  onData(length: number): void {
    if (this.#ciphers !== null) {
      this.#ciphers.decrypt?.apply(this.readBuffer, 0, length);
      this.events.onData(length);
      return;
    }
    if (this.handshake === null) this.beforeHandshake(length);
    else this.heed(this.handshake.push(this.readBuffer.subarray(0, length)));
  }

  onEnd(code: CloseCode, detail: string): void {
    this.events.onEnd(code, detail);
  }

  onShortage(code: string): void {
    this.events.onShortage(code);
  }

  /** Bytes that arrive before the protocol is known. */
  protected abstract beforeHandshake(length: number): void;

  protected heed({ send, done, failed }: MseStep): void {
    if (send !== null) this.inner?.write(send);
    if (failed) return this.fail();
    if (done === null) return;
    this.#ciphers = done.ciphers;
    this.deliver(done.rest);
  }

  /** Bytes of the stream that arrived before we knew what they were, in parts that fit the read buffer. */
  protected deliver(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#ended; at += this.readBuffer.length) {
      const part = bytes.subarray(at, at + this.readBuffer.length);
      this.readBuffer.set(part);
      this.events.onData(part.length);
    }
  }

  protected fail(): void {
    if (this.#ended) return;
    this.destroy();
    this.events.onEnd('encryption-failed', '');
  }
}

export interface SecureSetup {
  readonly infoHash: Uint8Array;
  readonly encryption: Encryption;
  readonly randomBytes: RandomBytes;
}

/** We dial with encryption. The first write, which is the handshake, is part of the key exchange. */
export class SecureConnection extends WrappedConnection {
  readonly #setup: SecureSetup;

  constructor(readBuffer: Buffer, events: ConnectionEvents, setup: SecureSetup) {
    super(readBuffer, events);
    this.#setup = setup;
  }

  override write(bytes: Uint8Array): void {
    if (this.handshake !== null) return super.write(bytes);
    const { infoHash, encryption, randomBytes } = this.#setup;
    const handshake = new MseInitiator(infoHash, methodsOf(encryption), bytes, randomBytes);
    this.handshake = handshake;
    this.inner?.write(handshake.begin());
  }

  onConnect(): void {
    this.events.onConnect();
  }

  protected beforeHandshake(): void {
    this.fail();
  }
}

export interface AcceptedSetup {
  readonly encryption: Encryption;
  readonly randomBytes: RandomBytes;
  readonly torrentOf: TorrentFinder;
  /** Asked once, when a whole key has arrived, because an answer takes milliseconds of arithmetic. */
  readonly mayExchangeKeys: () => boolean;
}

/** An incoming connection: the first bytes show whether it is plain. */
export class AcceptedConnection extends WrappedConnection {
  readonly #setup: AcceptedSetup;
  #early = Buffer.alloc(0);
  #inTheClear = false;

  constructor(readBuffer: Buffer, events: ConnectionEvents, setup: AcceptedSetup) {
    super(readBuffer, events);
    this.#setup = setup;
  }

  onConnect(): void {}

  /** `events` is the listener from now on. It first gets `bytes`, which arrived before. */
  handTo(events: ConnectionEvents, bytes: Buffer): void {
    this.events = events;
    this.deliver(bytes);
  }

  protected beforeHandshake(length: number): void {
    if (this.#inTheClear) return this.events.onData(length);
    const { encryption, randomBytes, torrentOf, mayExchangeKeys } = this.#setup;
    this.#early = Buffer.concat([this.#early, this.readBuffer.subarray(0, length)]);
    if (mayBeHandshake(this.#early, this.#early.length)) {
      if (this.#early.length < PROTOCOL_BYTES) return;
      if (encryption === 'require') return this.fail();
      this.#inTheClear = true;
      return this.deliver(this.#early);
    }
    if (encryption === 'off') return this.fail();
    if (this.#early.length < KEY_BYTES) return;
    if (!mayExchangeKeys()) return this.fail();
    this.handshake = new MseResponder(torrentOf, methodsOf(encryption), randomBytes);
    this.heed(this.handshake.push(this.#early));
  }
}
