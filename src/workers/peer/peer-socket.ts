/**
 * The TCP transport: turns the events of a Node socket into the words of `transport.ts`.
 *
 * Node reads straight into the shard's one buffer (`onread`): no stream machinery, no buffer per socket. The callback is
 * synchronous, so the buffer is free again when it returns.
 */
import { connect, type Socket } from 'node:net';
import type { CloseCode } from '../../shared/close-reason.ts';
import { READ_BUFFER_BYTES } from '../../shared/limits.ts';
import type { Address, Connection, ConnectionEvents, Transport } from './transport.ts';

/** Errors that say "not now" about this machine, and nothing about the peer. */
const SHORTAGE = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EADDRINUSE', 'ENOBUFS', 'ENOMEM', 'EAGAIN']);

const CODES: Readonly<Record<string, CloseCode>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ETIMEDOUT: 'connect-timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
};

export class TcpTransport implements Transport {
  readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

  connect(address: Address, events: ConnectionEvents): Connection {
    return new PeerSocket(address, this.readBuffer, events);
  }
}

class PeerSocket implements Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #connected = false;
  #destroyed = false;

  constructor(address: Address, readBuffer: Buffer, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          if (!this.#destroyed) events.onData(length);
          return true;
        },
      },
    });
    this.#socket.on('connect', () => {
      if (this.#destroyed) return;
      this.#connected = true;
      // The peer's FIN: nothing more can come, and we have nothing to say to one who does not listen.
      this.#socket.on('end', () => this.#end('closed-by-peer', 'FIN'));
      events.onConnect();
    });
    // Kept after `destroy`: a late error without a listener would end the thread.
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (!this.#destroyed) this.#socket.write(bytes);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#socket.destroy();
  }

  #fail(code: string): void {
    if (this.#destroyed) return;
    if (!this.#connected && SHORTAGE.has(code)) {
      this.destroy();
      this.#events.onShortage(code);
      return;
    }
    this.#end(CODES[code] ?? (this.#connected ? 'reset' : 'connect-failed'), code);
  }

  #end(code: CloseCode, detail: string): void {
    if (this.#destroyed) return;
    this.destroy();
    this.#events.onEnd(code, detail);
  }
}
