/**
 * TCP and uTP, whichever gets through: TCP is dialled first, and uTP a moment later if it has neither connected nor failed.
 * The first that connects is the connection; where both fail it is TCP's word that is told. One whom TCP fails before is
 * tried over uTP in his turn (`approaches.ts`): he must not hold the place of somebody who has not been tried at all.
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

/** uTP, as it is needed here. */
export interface SecondTransport extends Dials {
  /** At a port that TCP has. */
  listen(request: ListenRequest): Listener;
  close(): void;
}

export class HedgedTransport implements Transport {
  readonly readBuffer: Buffer;
  readonly #first: Transport;
  readonly #second: SecondTransport;
  readonly #clock: () => number;
  readonly #later: (ms: number, work: () => void) => void;
  /** Oldest first: the head start is the same for all. */
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
      if (listening.port !== null && !closed)
        second = this.#second.listen({ ...request, port: listening.port });
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
  /** What is under way: one or both of them until one is connected, and then that one. */
  #attempts: Attempt[] = [];
  #connected: Attempt | null = null;
  /** TCP's. */
  #failure: Failed | null = null;

  constructor(address: Address, events: ConnectionEvents, second: Dials) {
    this.#address = address;
    this.#events = events;
    this.#second = second;
  }

  begin(first: Dials): void {
    this.#attempt(first);
  }

  /** Tries the other way as well. False if that is out of date. */
  trySecond(): boolean {
    if (this.#connected !== null || this.#attempts.length === 0) return false;
    this.#attempt(this.#second);
    return true;
  }

  get kind(): TransportKind {
    return this.#connected?.connection?.kind ?? 'tcp';
  }

  get unsentBytes(): number {
    return this.#connected?.connection?.unsentBytes ?? 0;
  }

  write(bytes: Uint8Array): void {
    this.#connected?.connection?.write(bytes);
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

/** One of the two ways. */
interface Attempt {
  connection: Connection | null;
}

interface Failed {
  readonly code: CloseCode;
  readonly detail: string;
}
