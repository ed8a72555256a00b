/**
 * What discovery needs from outside: clocks, random numbers, look-ups, sockets and the DHT library. One file provides the real
 * ones; a simulation provides its own.
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
  /** These timers do not keep the process alive. */
  readonly later: Later;
  /** The same in lived time, for work that others wait for. These timers keep the process alive. */
  readonly livedLater: Later;
  /** A whole number from 0 up to `below`. */
  readonly randomBelow: (below: number) => number;
  readonly lookUp: LookUp;
  readonly interfaces: () => Interfaces;
  readonly openSocket: OpenSocket;
  readonly dhtLibrary: () => Promise<DhtLibrary>;
  /** Keeps DHT nodes between runs, under a name that we choose. */
  readonly nodeStore: (name: string) => NodeStore;
}

/** The addresses of a host name. Rejects with LookUpError, and at once when `signal` aborts. */
export type LookUp = (host: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>;

/** The active interfaces, by name; none if the system does not say. */
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

/** A UDP socket of one address family. Packets sent before it is bound or connected wait until then. */
export interface DatagramSocket {
  /** Port 0: any free port. Null lets the system choose the address. */
  bind(port: number, address: string | null, bound?: () => void): void;
  /** After this it sends to this address and receives from it only. Throws for an invalid port. */
  connect(port: number, address: string, connected: (error: Error | null) => void): void;
  /** Null sends to the connected address. Throws for an invalid address. */
  send(bytes: Uint8Array, to: Sender | null, sent: (error: Error | null) => void): void;
  /** Sends and receives multicast of this group on this interface. Throws if the interface cannot do that. */
  joinGroup(group: string, by: string): void;
  localPort(): number;
  /** Whether it keeps the process alive. */
  hold(isNeeded: boolean): void;
  close(): void;
}

/** `isShared`: other sockets may use the same port. */
export type OpenSocket = (family: 4 | 6, isShared: boolean, hears: SocketHears) => DatagramSocket;
