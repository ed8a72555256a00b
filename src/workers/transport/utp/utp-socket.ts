/** One UDP socket for uTP that sends from its given address or not at all. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { MAX_UTP_UNBOUND_PACKETS, UTP_RECEIVE_BUFFER_BYTES } from '../../../shared/limits.ts';

export type Family = 4 | 6;

export class UtpSocket {
  readonly #socket: Socket;
  /** Waiting packets; null once it is bound. */
  #waiting: (() => void)[] | null = [];
  #closed = false;
  readonly #port: number;

  /** `host`: the address to bind; null for all of the family. `shared`: other threads have sockets at the same port. */
  constructor(
    family: Family,
    port: number,
    host: string | null,
    shared: boolean,
    onPacket: (bytes: Buffer, from: RemoteInfo) => void,
    onBound: (socket: UtpSocket) => void = () => {},
  ) {
    this.#port = port;
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      ...(shared ? { reusePort: true } : {}),
      // Addresses are literals, so nothing is looked up.
      lookup: (name, _, found) => found(null, name, family),
    });
    // A socket that cannot be bound is not used: Node would bind it to all addresses at the next packet.
    this.#socket.on('error', () => this.close());
    this.#socket.on('message', onPacket);
    this.#socket.on('listening', () => {
      this.#bound();
      onBound(this);
    });
    this.#socket.bind({ port, address: host ?? (family === 6 ? '::' : '0.0.0.0') });
  }

  /** It was closed, or could not be bound. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The requested port is taken. */
  get lostItsPort(): boolean {
    return this.#closed && this.#port !== 0;
  }

  /** Null before it is bound, and after its end. */
  get localPort(): number | null {
    return this.#closed || this.#waiting !== null ? null : this.#socket.address().port;
  }

  send(packet: Buffer, port: number, host: string): void {
    if (this.#closed) return;
    const send = () => this.#socket.send(packet, port, host, () => {});
    if (this.#waiting === null) send();
    else if (this.#waiting.length < MAX_UTP_UNBOUND_PACKETS) this.#waiting.push(send);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = null;
    this.#socket.close();
  }

  #bound(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    if (this.#closed) return;
    try {
      this.#socket.setRecvBufferSize(UTP_RECEIVE_BUFFER_BYTES);
    } catch {
      // The buffer keeps its size: packets that find no room are sent again.
    }
    for (const send of waiting) send();
  }
}
