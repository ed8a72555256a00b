/**
 * What a peer needs of the network, and nothing more: so that whole shards run in tests over a network in virtual time.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { TransportKind } from '../../shared/messages.ts';

export interface Address {
  /** IPv4 or IPv6 literal; names are resolved before addresses come to a shard. */
  readonly host: string;
  readonly port: number;
}

export interface ConnectionEvents {
  onConnect(): void;
  /** The first `length` bytes of the transport's read buffer came from the peer. Valid during the call only. */
  onData(length: number): void;
  /** The connection ended by itself; never called after `destroy`. */
  onEnd(code: CloseCode, detail: string): void;
  /** This machine lacks sockets, ports or memory for a connection: try again later. */
  onShortage(code: string): void;
}

export interface Connection {
  readonly kind: TransportKind;
  write(bytes: Uint8Array): void;
  /** Bytes written that the kernel has not taken. */
  readonly unsentBytes: number;
  /** Ends the connection now; no event follows. */
  destroy(): void;
}

export interface Transport {
  /** One buffer for all connections of the shard: reads are synchronous, so one is enough. */
  readonly readBuffer: Buffer;
  /** `utpOnly`: not over TCP, where there is anything else. */
  connect(address: Address, events: ConnectionEvents, utpOnly: boolean): Connection;
  /** Waits for others to connect. Calls `told` once, with the port or with why there is none. */
  listen(request: ListenRequest, told: (listening: Listening) => void): Listener;
  /** Nothing is dialled or heard any more; its connections are closed before. */
  close(): void;
}

export interface ListenRequest {
  /** 0 takes a free one. */
  readonly port: number;
  /** The address to bind; null for all of them. */
  readonly host: string | null;
  /** Somebody connected. `start` says who hears of it; until then nothing is read. */
  readonly onAccept: (from: Address, start: (events: ConnectionEvents) => Connection) => void;
}

export type Listening =
  | { readonly port: number; readonly error: null }
  | { readonly port: null; readonly error: string };

export interface Listener {
  close(): void;
}
