/** Connections through a SOCKS5 proxy: the peer's driver sees plain connections. */
import type { Socket } from 'node:net';
import type { CloseCode } from '../../shared/close-reason.ts';
import { networkWords } from '../../shared/network-words.ts';
import { PROXY_DOWN, socksWords } from '../../shared/proxy-words.ts';
import { dialProxy, through } from '../../shared/socks.ts';
import type { SocksProxy } from '../../shared/socks-proxy.ts';
import { isShortage, ReadableSocket } from './tcp-transport.ts';
import type { Address, Connection, ConnectionEvents } from './transport.ts';

/** The proxy's error for the peer, if it gives one. */
const REJECTIONS: readonly (readonly [RegExp, CloseCode])[] = [
  [/ConnectionRefused/, 'refused'],
  [/HostUnreachable|NetworkUnreachable|TTLExpired/, 'unreachable'],
  [/timed out/i, 'connect-timeout'],
];

export class SocksSocket implements Connection {
  readonly kind = 'tcp';
  readonly #events: ConnectionEvents;
  readonly #dialled: Socket;
  #inner: ReadableSocket | null = null;
  #destroyed = false;

  constructor(address: Address, proxy: SocksProxy, readBuffer: Buffer, events: ConnectionEvents) {
    this.#events = events;
    this.#dialled = dialProxy(proxy);
    // Stays after `destroy`: without a listener, a late error would end the thread.
    let isThere = false;
    this.#dialled.on('error', (error: NodeJS.ErrnoException) => {
      if (isThere) this.#failed(error, error.message);
      else this.#failed(error, `${PROXY_DOWN}: ${networkWords(error)}`);
    });
    this.#dialled.once('connect', () => {
      isThere = true;
      if (this.#destroyed) return;
      through(this.#dialled, proxy, address.host, address.port).then(
        (socket) => this.#connected(socket, readBuffer),
        (error: Error) => this.#failed(error, socksWords(error.message)),
      );
    });
  }

  get unsentBytes(): number {
    return this.#inner?.unsentBytes ?? 0;
  }

  write(bytes: Uint8Array): void {
    this.#inner?.write(bytes);
  }

  writeParts(parts: readonly Uint8Array[], sent: () => void): void {
    this.#inner?.writeParts(parts, sent);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#dialled.destroy();
    this.#inner?.destroy();
  }

  #connected(socket: Socket, readBuffer: Buffer): void {
    if (this.#destroyed) return void socket.destroy();
    this.#inner = new ReadableSocket(socket, readBuffer, this.#events);
    this.#events.onConnect();
  }

  #failed({ message, code: system }: NodeJS.ErrnoException, words: string): void {
    // Once connected, the inner socket handles its errors itself.
    if (this.#destroyed || this.#inner !== null) return;
    this.destroy();
    if (system !== undefined && isShortage(system)) return this.#events.onShortage(system);
    const code = REJECTIONS.find(([pattern]) => pattern.test(message))?.[1] ?? 'connect-failed';
    this.#events.onEnd(code, `proxy: ${words}`.slice(0, 100));
  }
}
