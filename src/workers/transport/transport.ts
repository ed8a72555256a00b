/** The network for a peer. It is an interface, so that tests run whole shards over a network in virtual time. */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { TransportKind } from '../../shared/messages.ts';

export interface Address {
  /** IPv4 or IPv6 literal; names are resolved before a shard gets the address. */
  readonly host: string;
  readonly port: number;
}

export interface ConnectionEvents {
  onConnect(): void;
  /** The first `length` bytes of the transport's read buffer came from the peer. Valid only during the call. */
  onData(length: number): void;
  /** The connection ended; never called after `destroy`. */
  onEnd(code: CloseCode, detail: string): void;
  /** This machine lacks sockets, ports or memory for a connection: try again later. */
  onShortage(code: string): void;
}

export interface Connection {
  readonly kind: TransportKind;
  /** Only of uTP: the port that its packets leave from. */
  readonly localPort?: number | null;
  write(bytes: Uint8Array): void;
  /** Writes all parts in their order. `sent` is called when nothing of them waits here any more; not after `destroy`. */
  writeParts(parts: readonly Uint8Array[], sent: () => void): void;
  /** Written bytes that the kernel has not taken. */
  readonly unsentBytes: number;
  /** Closes the connection now; no event follows. */
  destroy(): void;
}

export interface Transport {
  /** One buffer for all connections of the shard: reads are synchronous, so one is enough. */
  readonly readBuffer: Buffer;
  /** `utpOnly`: not over TCP, if there is another transport. */
  connect(address: Address, events: ConnectionEvents, utpOnly: boolean): Connection;
  /** Accepts connections. Calls `told` once, with the port or the error. */
  listen(request: ListenRequest, told: (listening: Listening) => void): Listener;
  /** Stops dialling and listening; its connections are closed before. */
  close(): void;
}

export interface ListenRequest {
  /** 0 takes a free one. */
  readonly port: number;
  /** The address to bind; null for all. */
  readonly host: string | null;
  /** Other threads listen at the same port. */
  readonly shared: boolean;
  /** So do they over UDP. Else one thread has the port there, and dials from it. */
  readonly sharedUtp: boolean;
  /** A new incoming connection. `start` sets who receives its events; before that, nothing is read. */
  readonly onAccept: (from: Address, start: (events: ConnectionEvents) => Connection) => void;
}

export type Listening =
  | { readonly port: number; readonly error: null }
  | { readonly port: null; readonly error: string };

export interface Listener {
  close(): void;
}
