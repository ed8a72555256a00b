/**
 * The UDP socket for bittorrent-dht, with a guard. The library does not check the types of what it reads, and a bad packet of a
 * stranger makes it throw inside the socket's callback. So our own bencode reader reads each packet first. If the library throws
 * anyway, only that packet is lost.
 */
import { EventEmitter } from 'node:events';
import {
  type BencodeDict,
  BencodeError,
  bytesField,
  type Decoded,
  decodeBencode,
  encodeBencode,
  field,
  isDict,
} from '../../shared/bencode.ts';
import type { Clock } from '../../shared/clock.ts';
import { MAX_DHT_PACKET_BYTES } from '../../shared/limits.ts';
import { boundedAnswer, DhtGuard } from './dht-guard.ts';
import type { DatagramSocket, OpenSocket, Sender } from './environment.ts';
import { SixAsFour } from './six-as-four.ts';

const NODE_ID_BYTES = 20;
/** `2:ro` and the number one (BEP 43). */
const READ_ONLY = Buffer.from('2:roi1e');

export type DhtFamily = 4 | 6;

export interface DhtSocketOptions {
  readonly family: DhtFamily;
  readonly openSocket: OpenSocket;
  readonly now: Clock;
  /** We send queries, but other nodes must not query us: they cannot reach us. */
  readonly isReadOnly: () => boolean;
  /** Our local address; null lets the system choose. */
  readonly from: string | null;
  /** Where packets may go: strangers name nodes, too. */
  readonly mayReach: (host: string, port: number) => boolean;
  /** It got no port, and never will: the address is not ours now, or the system forbids it. */
  readonly onUnbound: (error: Error) => void;
}

export class DhtSocket extends EventEmitter {
  readonly #socket: DatagramSocket;
  readonly #now: Clock;
  readonly #isReadOnly: () => boolean;
  #isBound = false;
  #broken = false;
  readonly #mayReach: (host: string, port: number) => boolean;
  /** The library knows only IPv4; null if this socket uses IPv4. */
  readonly #six: SixAsFour | null;
  readonly #guard: DhtGuard;

  constructor({ family, openSocket, now, isReadOnly, from, mayReach, onUnbound }: DhtSocketOptions) {
    super();
    this.#now = now;
    this.#guard = new DhtGuard(now());
    this.#six = family === 6 ? new SixAsFour() : null;
    this.#isReadOnly = isReadOnly;
    this.#mayReach = mayReach;
    this.#socket = openSocket(family, false, {
      onMessage: (bytes, sender) => this.#hear(bytes, sender),
      // If bind fails, Node would bind to all addresses at the next packet. So a socket that is not bound sends nothing any more.
      // The library would call only some of these errors one. A later error is about single packets.
      onError: (error) => {
        if (this.#isBound || this.#broken) return;
        this.#broken = true;
        onUnbound(error);
      },
      onClose: () => this.emit('close'),
    });
    this.#socket.bind(0, from, () => {
      this.#isBound = true;
      this.emit('listening');
    });
  }

  address(): { readonly port: number } {
    return { port: this.#socket.localPort() };
  }

  send(
    bytes: Buffer,
    offset: number,
    length: number,
    port: number,
    host: string,
    sent: (error: Error | null) => void,
  ): void {
    const real = this.realHost(host);
    if (this.#broken || !this.#mayReach(real, port)) return sent(null);
    try {
      const message = this.#outgoing(bytes.subarray(offset, offset + length), real);
      const bytesOut = this.#isReadOnly() ? markedReadOnly(message) : message;
      this.#socket.send(bytesOut, { address: real, port }, sent);
    } catch (error) {
      // The library took an invalid port or host from a stranger.
      sent(error as Error);
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** The real host behind a host that the library names. */
  realHost(host: string): string {
    return this.#six?.realOf(host) ?? host;
  }

  /** The host that the library gets in place of the real one. */
  hostForLibrary(host: string): string {
    return this.#six?.standInOf(host) ?? host;
  }

  /** The announce of this host was accepted; `host` is the library's name for it. */
  announced(host: string, port: number): void {
    this.#guard.announced(this.realHost(host), port, this.#now());
  }

  #outgoing(message: Buffer, to: string): Buffer {
    const value = decoded(message)?.value;
    if (!isDict(value)) return message;
    return Buffer.from(encodeBencode(boundedAnswer(this.#six?.outgoing(value) ?? value, to)));
  }

  #hear(bytes: Buffer, from: Sender): void {
    const message = messageOf(bytes, this.#isReadOnly());
    if (message === null) return;
    if (kindOf(message) === 'q' && !this.#guard.admits(message, from, this.#now())) return;
    const address = this.hostForLibrary(from.address);
    try {
      const heard = this.#six === null ? bytes : Buffer.from(this.#six.incoming(message));
      this.emit('message', heard, { ...from, address });
    } catch {
      // The library did not expect something in the packet.
    }
  }
}

/** A KRPC message (BEP 5) whose fields are of the right kinds; null for anything else. */
export function messageOf(bytes: Buffer, readOnly: boolean): BencodeDict | null {
  const value = bytes.length <= MAX_DHT_PACKET_BYTES ? (decoded(bytes)?.value ?? 0) : 0;
  if (!isDict(value) || bytesField(value, 't') === undefined) return null;
  const kind = kindOf(value);
  if (kind === 'e') return Array.isArray(field(value, 'e')) ? value : null;
  if (kind !== 'q' && kind !== 'r') return null;
  if (kind === 'q' && (readOnly || bytesField(value, 'q') === undefined)) return null;
  const body = field(value, kind === 'q' ? 'a' : 'r');
  return isDict(body) && bytesField(body, 'id')?.length === NODE_ID_BYTES ? value : null;
}

function kindOf(message: BencodeDict): string {
  return Buffer.from(bytesField(message, 'y') ?? '').toString('latin1');
}

/** Marks a query with BEP 43: its sender does not answer queries. */
export function markedReadOnly(message: Buffer): Buffer {
  const spans = decoded(message)?.spans;
  const transaction = spans?.get('t');
  if (transaction === undefined || spans?.has('q') !== true) return message;
  // Keys in order: a, q, ro, t, y. The key `t` is written as `1:t`.
  const at = transaction[0] - 3;
  return Buffer.concat([message.subarray(0, at), READ_ONLY, message.subarray(at)]);
}

function decoded(bytes: Buffer): Decoded | null {
  try {
    const message = decodeBencode(bytes);
    // The library parses the bytes again and must see the same as we did.
    return message.ambiguous ? null : message;
  } catch (error) {
    if (error instanceof BencodeError) return null;
    throw error;
  }
}
