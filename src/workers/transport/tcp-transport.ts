/**
 * The TCP transport: turns the events of a Node socket into those of `transport.ts`.
 *
 * Node reads directly into the shard's one buffer (`onread`), without stream machinery or a buffer per socket. The callback is
 * synchronous, so the buffer is free again when it returns. Accepted sockets cannot do this: their bytes are copied into the
 * buffer.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { CloseCode } from '../../shared/close-reason.ts';
import { LISTEN_BACKLOG_PEERS, READ_BUFFER_BYTES } from '../../shared/limits.ts';
import type {
  Address,
  Connection,
  ConnectionEvents,
  Listener,
  Listening,
  ListenRequest,
  Transport,
} from './transport.ts';

/** Errors that mean "not now" for this machine and say nothing about the peer. */
const SHORTAGE = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EADDRINUSE', 'ENOBUFS', 'ENOMEM', 'EAGAIN']);

/** True if the error means "not now" for this machine and says nothing about the peer. */
export function isShortage(code: string): boolean {
  return SHORTAGE.has(code);
}

const CODES: Readonly<Record<string, CloseCode>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  // This machine lacks the address family, or its firewall forbids it.
  EAFNOSUPPORT: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ETIMEDOUT: 'connect-timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
};

export class TcpTransport implements Transport {
  readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #localAddress: string | undefined;

  /** `localAddress`: our address for connections; null: the system chooses. */
  constructor(localAddress: string | null) {
    this.#localAddress = localAddress ?? undefined;
  }

  connect(address: Address, events: ConnectionEvents): Connection {
    return new DialledSocket(address, this.#localAddress, this.readBuffer, events);
  }

  listen({ port, host, shared, onAccept }: ListenRequest, told: (listening: Listening) => void): Listener {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      // Without a listener, a late error would end the thread.
      socket.on('error', () => {});
      const { remoteAddress, remotePort } = socket;
      if (remoteAddress === undefined || remotePort === undefined) return void socket.destroy();
      const from = { host: remoteAddress.replace(/^::ffff:/, ''), port: remotePort };
      onAccept(from, (events) => new ReadableSocket(socket, this.readBuffer, events));
      if (socket.isPaused() && socket.listenerCount('data') === 0) socket.destroy();
    });
    server.on('error', (error: NodeJS.ErrnoException) =>
      told({ port: null, error: error.code ?? String(error) }),
    );
    // Node before 22.12 does not know `reusePort`: there the first thread has the port alone.
    const options = { ...(host === null ? {} : { host }), ...(shared ? { reusePort: true } : {}) };
    server.listen({ port, backlog: LISTEN_BACKLOG_PEERS, ...options }, () => {
      const bound = server.address();
      if (bound !== null && typeof bound === 'object') told({ port: bound.port, error: null });
    });
    return { close: () => void server.close() };
  }

  /** Each socket belongs to one connection. */
  close(): void {}
}

abstract class PeerSocket implements Connection {
  readonly kind = 'tcp';
  protected readonly events: ConnectionEvents;
  protected readonly socket: Socket;
  protected connected = false;
  protected destroyed = false;

  constructor(socket: Socket, events: ConnectionEvents) {
    this.socket = socket;
    this.events = events;
    // Stays after `destroy`: without a listener, a late error would end the thread.
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (!this.destroyed) this.socket.write(bytes);
  }

  /** In one system call. */
  writeParts(parts: readonly Uint8Array[], sent: () => void): void {
    if (this.destroyed) return;
    const last = parts.length - 1;
    this.socket.cork();
    for (const [i, part] of parts.entries()) {
      if (i < last) this.socket.write(part);
      else this.socket.write(part, () => !this.destroyed && sent());
    }
    this.socket.uncork();
  }

  destroy(): void {
    this.destroyed = true;
    this.socket.destroy();
  }

  /** The peer's FIN: nothing more can arrive, and there is no use in sending to a peer that does not read. */
  protected endWithPeer(): void {
    this.socket.on('end', () => this.#end('closed-by-peer', 'FIN'));
  }

  #fail(code: string): void {
    if (this.destroyed) return;
    if (!this.connected && SHORTAGE.has(code)) {
      this.destroy();
      this.events.onShortage(code);
      return;
    }
    this.#end(CODES[code] ?? (this.connected ? 'reset' : 'connect-failed'), code);
  }

  #end(code: CloseCode, detail: string): void {
    if (this.destroyed) return;
    this.destroy();
    this.events.onEnd(code, detail);
  }
}

class DialledSocket extends PeerSocket {
  constructor(
    address: Address,
    localAddress: string | undefined,
    readBuffer: Buffer,
    events: ConnectionEvents,
  ) {
    const socket = connect({
      host: address.host,
      port: address.port,
      ...(localAddress === undefined ? {} : { localAddress }),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          if (!this.destroyed) events.onData(length);
          return true;
        },
      },
    });
    super(socket, events);
    socket.on('connect', () => {
      if (this.destroyed) return;
      this.connected = true;
      this.endWithPeer();
      events.onConnect();
    });
  }
}

/** A socket that is already connected. */
export class ReadableSocket extends PeerSocket {
  constructor(socket: Socket, readBuffer: Buffer, events: ConnectionEvents) {
    super(socket, events);
    this.connected = true;
    this.endWithPeer();
    socket.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length && !this.destroyed; at += readBuffer.length) {
        const part = bytes.subarray(at, at + readBuffer.length);
        readBuffer.set(part);
        events.onData(part.length);
      }
    });
    socket.resume();
  }
}
