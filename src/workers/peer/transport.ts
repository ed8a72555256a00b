/**
 * What a peer needs of the network, and nothing more: so that whole shards run in tests over a network in virtual time.
 */
import type { CloseCode } from '../../shared/close-reason.ts';

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
  write(bytes: Uint8Array): void;
  /** Bytes written that the kernel has not taken. */
  readonly unsentBytes: number;
  /** Ends the connection now; no event follows. */
  destroy(): void;
}

export interface Transport {
  /** One buffer for all connections of the shard: reads are synchronous, so one is enough. */
  readonly readBuffer: Buffer;
  connect(address: Address, events: ConnectionEvents): Connection;
}
