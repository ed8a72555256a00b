/**
 * What discovery needs of the world outside: time, chance, names, sockets and the library of the DHT. The real ones are wired in
 * one file; a simulation fills these with its own.
 */
import type { LookupAddress } from 'node:dns';
import type { NetworkInterfaceInfo } from 'node:os';
import type { Clock } from '../../shared/clock.ts';
import type { Later } from '../../shared/lived-timer.ts';
import type { DhtLibrary } from './dht-library.ts';
import type { NodeStore } from './node-file.ts';

export interface Environment {
  /** Monotonic milliseconds. */
  readonly now: Clock;
  /** Milliseconds of the calendar. */
  readonly calendar: Clock;
  /** Waiting is no reason to keep the process alive. */
  readonly later: Later;
  /** The same in lived time; work that others wait for: it keeps the process alive. */
  readonly livedLater: Later;
  /** A whole number from 0 up to `below`. */
  readonly randomBelow: (below: number) => number;
  readonly lookUp: LookUp;
  readonly interfaces: () => Interfaces;
  readonly openSocket: OpenSocket;
  readonly dhtLibrary: () => Promise<DhtLibrary>;
  /** Where nodes of the DHT are kept between runs, by a name of ours. */
  readonly nodeStore: (name: string) => NodeStore;
}

/** The addresses of a host name. Rejects with LookUpError, and at once when `signal` aborts. */
export type LookUp = (host: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>;

/** The interfaces that are up, by name. */
export type Interfaces = Readonly<Partial<Record<string, readonly NetworkInterfaceInfo[]>>>;

export interface SocketHears {
  readonly onMessage: (bytes: Buffer, from: Sender) => void;
  readonly onError: (error: Error) => void;
  readonly onClose?: () => void;
}

export interface Sender {
  readonly address: string;
  readonly port: number;
}

/** A socket of UDP, of one family of addresses. It sends when it is bound or connected; what is sent before waits. */
export interface DatagramSocket {
  /** Port 0: any free one. Null leaves the address to the system. */
  bind(port: number, address: string | null, bound?: () => void): void;
  /** From then on it sends to this address alone, and hears no other. */
  connect(port: number, address: string, connected: (error: Error | null) => void): void;
  /** To null: where it is connected to. Throws where there can be no such address. */
  send(bytes: Uint8Array, to: Sender | null, sent: (error: Error | null) => void): void;
  /** Hears and sends multicast of this group by this interface. Throws where that cannot be. */
  joinGroup(group: string, by: string): void;
  localPort(): number;
  /** Whether it keeps the process alive. */
  hold(isNeeded: boolean): void;
  close(): void;
}

/** `isShared`: other sockets may have the same port. */
export type OpenSocket = (family: 4 | 6, isShared: boolean, hears: SocketHears) => DatagramSocket;
