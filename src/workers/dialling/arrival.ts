/** An incoming connection that has not named its torrent yet. Until then it belongs to the thread. */
import type { CloseCode } from '../../shared/close-reason.ts';
import { AcceptedConnection, type AcceptedSetup } from '../transport/encryption/mse-connection.ts';
import type { Address, Connection, ConnectionEvents } from '../transport/transport.ts';
import { infoHashIn, mayBeHandshake, NAMED_BYTES } from '../wire/handshake.ts';
import type { IncomingPeer } from './incoming-places.ts';

export interface ArrivalSetup extends AcceptedSetup {
  readonly readBuffer: Buffer;
  guard(work: () => void): void;
  /** It named this torrent. Returns the next listener of the connection; null if the torrent accepts no peer. */
  onNamed(arrival: Arrival, infoHash: Uint8Array, connection: Connection): ConnectionEvents | null;
  /** It ended without a torrent. */
  onGone(arrival: Arrival): void;
}

export class Arrival implements ConnectionEvents, IncomingPeer {
  readonly state = null;
  readonly receivedBytes = 0;
  readonly isServed = false;
  readonly address: Address;
  readonly at: number;
  readonly #setup: ArrivalSetup;
  #connection: AcceptedConnection | null = null;
  #early = Buffer.alloc(0);

  constructor(address: Address, at: number, setup: ArrivalSetup) {
    this.address = address;
    this.at = at;
    this.#setup = setup;
  }

  /** `start` begins to read. */
  begin(start: (events: ConnectionEvents) => Connection): void {
    const wrapped = new AcceptedConnection(this.#setup.readBuffer, this, this.#setup);
    this.#connection = wrapped;
    wrapped.attach(start(wrapped));
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = null;
    this.#setup.onGone(this);
  }

  onConnect(): void {}

  onData(length: number): void {
    this.#setup.guard(() => this.#read(length));
  }

  onEnd(_code: CloseCode, _detail: string): void {
    this.#setup.guard(() => this.close());
  }

  onShortage(_code: string): void {
    this.#setup.guard(() => this.close());
  }

  #read(length: number): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#early = Buffer.concat([this.#early, this.#setup.readBuffer.subarray(0, length)]);
    if (!mayBeHandshake(this.#early, this.#early.length)) return this.close();
    if (this.#early.length < NAMED_BYTES) return;
    const heir = this.#setup.onNamed(this, infoHashIn(this.#early), connection);
    if (heir === null) return this.close();
    this.#connection = null;
    connection.handTo(heir, this.#early);
  }
}
