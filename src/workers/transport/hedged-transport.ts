/**
 * TCP and uTP together: TCP is dialled first, and uTP a moment later if TCP has neither connected nor failed. The first that
 * connects is used. If both fail, TCP's error counts. If TCP fails before that, the peer is tried over uTP when its turn comes
 * again (`approaches.ts`): it must not take the place of an address that was never tried.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import { UTP_DIALS_PER_TICK, UTP_HEAD_START_MS, UTP_TICK_MS } from '../../shared/limits.ts';
import type { TransportKind } from '../../shared/messages.ts';
import type {
  Address,
  Connection,
  ConnectionEvents,
  Listener,
  Listening,
  ListenRequest,
  Transport,
} from './transport.ts';

/** The part of a transport that dials. */
export interface Dials {
  connect(address: Address, events: ConnectionEvents): Connection;
}

/** The part of uTP that is needed here. */
export interface SecondTransport extends Dials {
  /** Listens at TCP's port. */
  listen(request: ListenRequest): Listener;
  /** Another thread has that port: accepts what comes to the ports that we dial from. */
  accept(request: ListenRequest): Listener;
  close(): void;
}

export class HedgedTransport implements Transport {
  readonly readBuffer: Buffer;
  readonly #first: Transport;
  readonly #second: SecondTransport;
  readonly #clock: () => number;
  readonly #later: (ms: number, work: () => void) => void;
  /** Oldest first: all have the same head start. */
  #waiting: Waiting[] = [];
  #ticking = false;

  constructor(
    first: Transport,
    second: SecondTransport,
    time: { readonly clock: () => number; readonly later: (ms: number, work: () => void) => void },
  ) {
    this.#first = first;
    this.#second = second;
    this.#clock = time.clock;
    this.#later = time.later;
    this.readBuffer = first.readBuffer;
  }

  connect(address: Address, events: ConnectionEvents, utpOnly: boolean): Connection {
    if (utpOnly) return this.#second.connect(address, events);
    const connection = new HedgedConnection(address, events, this.#second);
    connection.begin({ connect: (to, hear) => this.#first.connect(to, hear, false) });
    this.#waiting.push({ connection, due: this.#clock() + UTP_HEAD_START_MS });
    this.#tickLater();
    return connection;
  }

  listen(request: ListenRequest, told: (listening: Listening) => void): Listener {
    let second: Listener | null = null;
    let closed = false;
    const first = this.#first.listen(request, (listening) => {
      const { port } = listening;
      if (!closed)
        second = port === null ? this.#second.accept(request) : this.#second.listen({ ...request, port });
      told(listening);
    });
    return {
      close: () => {
        closed = true;
        first.close();
        second?.close();
      },
    };
  }

  close(): void {
    this.#waiting = [];
    this.#first.close();
    this.#second.close();
  }

  #tickLater(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#later(UTP_TICK_MS, () => {
      this.#ticking = false;
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#clock();
    let at = 0;
    for (let dials = 0; at < this.#waiting.length && dials < UTP_DIALS_PER_TICK; at++) {
      const { connection, due } = this.#waiting[at] as Waiting;
      if (due > now) break;
      if (connection.trySecond()) dials += 1;
    }
    this.#waiting.splice(0, at);
    if (this.#waiting.length > 0) this.#tickLater();
  }
}

interface Waiting {
  readonly connection: HedgedConnection;
  readonly due: number;
}

class HedgedConnection implements Connection {
  readonly #address: Address;
  readonly #events: ConnectionEvents;
  readonly #second: Dials;
  /** The running dials: one or both until one connects, then that connection. */
  #attempts: Attempt[] = [];
  #connected: Attempt | null = null;
  /** TCP's error. */
  #failure: Failed | null = null;

  constructor(address: Address, events: ConnectionEvents, second: Dials) {
    this.#address = address;
    this.#events = events;
    this.#second = second;
  }

  begin(first: Dials): void {
    this.#attempt(first);
  }

  /** Tries the other transport as well. False if the dial is over already. */
  trySecond(): boolean {
    if (this.#connected !== null || this.#attempts.length === 0) return false;
    this.#attempt(this.#second);
    return true;
  }

  get kind(): TransportKind {
    return this.#connected?.connection?.kind ?? 'tcp';
  }

  get localPort(): number | null {
    return this.#connected?.connection?.localPort ?? null;
  }

  get unsentBytes(): number {
    return this.#connected?.connection?.unsentBytes ?? 0;
  }

  write(bytes: Uint8Array): void {
    this.#connected?.connection?.write(bytes);
  }

  writeParts(parts: readonly Uint8Array[], sent: () => void): void {
    this.#connected?.connection?.writeParts(parts, sent);
  }

  destroy(): void {
    const attempts = this.#attempts;
    this.#attempts = [];
    for (const { connection } of attempts) connection?.destroy();
  }

  #attempt(dials: Dials): void {
    const attempt: Attempt = { connection: null };
    this.#attempts.push(attempt);
    attempt.connection = dials.connect(this.#address, {
      onConnect: () => this.#won(attempt),
      onData: (length) => this.#events.onData(length),
      onEnd: (code, detail) => {
        if (this.#connected !== null) return this.#events.onEnd(code, detail);
        if (dials !== this.#second) this.#failure = { code, detail };
        this.#attempts = this.#attempts.filter((other) => other !== attempt);
        if (this.#attempts.length > 0) return;
        const { code: why, detail: word } = this.#failure ?? { code, detail };
        this.#events.onEnd(why, word);
      },
      onShortage: (code) => {
        this.destroy();
        this.#events.onShortage(code);
      },
    });
  }

  #won(attempt: Attempt): void {
    this.#connected = attempt;
    for (const other of this.#attempts) if (other !== attempt) other.connection?.destroy();
    this.#attempts = [attempt];
    this.#events.onConnect();
  }
}

/** One of the two dials. */
interface Attempt {
  connection: Connection | null;
}

interface Failed {
  readonly code: CloseCode;
  readonly detail: string;
}
