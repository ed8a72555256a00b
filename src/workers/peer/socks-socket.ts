/** Connections through a SOCKS5 proxy, by way of the `socks` package: to a peer they look like any other. */
import type { Socket } from 'node:net';
import { SocksClient } from 'socks';
import type { CloseCode } from '../../shared/close-reason.ts';
import { CONNECT_TIMEOUT_MS } from '../../shared/limits.ts';
import type { SocksProxy } from '../../shared/messages.ts';
import { ReadableSocket } from './peer-socket.ts';
import type { Address, Connection, ConnectionEvents } from './transport.ts';

/** What the proxy says of the peer, as far as it says anything. */
const REJECTIONS: readonly (readonly [RegExp, CloseCode])[] = [
  [/ConnectionRefused/, 'refused'],
  [/HostUnreachable|NetworkUnreachable|TTLExpired/, 'unreachable'],
  [/timed out/i, 'connect-timeout'],
];

export class SocksSocket implements Connection {
  readonly kind = 'tcp';
  readonly #events: ConnectionEvents;
  #inner: ReadableSocket | null = null;
  #destroyed = false;

  constructor(address: Address, proxy: SocksProxy, readBuffer: Buffer, events: ConnectionEvents) {
    this.#events = events;
    const { host, port, user, password } = proxy;
    SocksClient.createConnection({
      proxy: { host, port, type: 5, ...(user === null ? {} : { userId: user, password: password ?? '' }) },
      command: 'connect',
      destination: { host: address.host, port: address.port },
      timeout: CONNECT_TIMEOUT_MS,
      set_tcp_nodelay: true,
    }).then(
      ({ socket }) => this.#connected(socket, readBuffer),
      (error: Error) => this.#failed(error),
    );
  }

  get unsentBytes(): number {
    return this.#inner?.unsentBytes ?? 0;
  }

  write(bytes: Uint8Array): void {
    this.#inner?.write(bytes);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#inner?.destroy();
  }

  #connected(socket: Socket, readBuffer: Buffer): void {
    if (this.#destroyed) return void socket.destroy();
    this.#inner = new ReadableSocket(socket, readBuffer, this.#events);
    this.#events.onConnect();
  }

  #failed({ message }: Error): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    const code = REJECTIONS.find(([pattern]) => pattern.test(message))?.[1] ?? 'connect-failed';
    this.#events.onEnd(code, `proxy: ${message}`.slice(0, 100));
  }
}
