/**
 * A peer in virtual time: a script of what it does and when, counted from its connect. It writes its own bytes and counts each
 * misbehaviour that it performed, so that a test can prove that its fault happened.
 */
import type { CloseCode } from '../../src/shared/close-reason.ts';
import type { Connection, ConnectionEvents } from '../../src/workers/transport/transport.ts';
import type { VirtualTime } from './virtual-time.ts';
import { handshakeOf, wire } from './wire-bytes.ts';

export type Verb =
  | { readonly say: Uint8Array }
  | { readonly end: CloseCode }
  /** Repeat it at this interval in milliseconds. */
  | { readonly say: Uint8Array; readonly everyMs: number };

export interface FakePeerScript {
  /** It was named in the swarm of version 2 (BEP 52). */
  readonly version2?: boolean;
  /** Its address; default 127.0.0.1. */
  readonly host?: string;
  /** Milliseconds until the connect succeeds; or how it fails. Default: 0. */
  readonly connect?:
    | number
    | 'ignore'
    | { readonly fail: CloseCode; readonly afterMs: number; readonly detail?: string }
    | { readonly shortage: string; readonly times: number };
  /** Until this moment its dials fail in this way, at once or right after the connect. */
  readonly away?: { readonly untilMs: number; readonly fail: CloseCode; readonly connects?: boolean };
  /** Default: tcp. */
  readonly transport?: 'tcp' | 'utp';
  /** `[ms after connect, what]`. */
  readonly script?: readonly (readonly [number, Verb])[];
  /** Answers requests with these bytes of the torrent; null means silence. */
  readonly serves?: (piece: number, begin: number, length: number) => Uint8Array | null;
  /** Bytes that it leaves unread in our socket. */
  readonly unread?: number;
  /** Milliseconds from a request to its block. */
  readonly delayMs?: number;
  /** Blocks leave one after another at this rate instead of at once. */
  readonly bytesPerS?: number;
  /** Gets each message of the client; returns true if it handles a request itself. */
  readonly hears?: (peer: FakePeer, id: number, payload: Buffer) => boolean | undefined;
}

export class FakePeer {
  readonly #time: VirtualTime;
  readonly #script: FakePeerScript;
  #queue: {
    readonly piece: number;
    readonly begin: number;
    readonly length: number;
    readonly give: () => void;
  }[] = [];
  #events: ConnectionEvents | null = null;
  #deliver: (bytes: Uint8Array) => void = () => {};
  #received = Buffer.alloc(0);
  #shortagesLeft: number;
  readonly index: number;
  /** Performed script lines. */
  fired = 0;
  dials = 0;
  /** When, in milliseconds of the run. */
  readonly dialledAt: number[] = [];
  destroyed = false;
  /** Frames from the client after its handshake: ids in order. */
  readonly heard: number[] = [];
  /** Everything that the client wrote, as Latin-1. */
  bytesHeard = '';
  readonly requests: { readonly piece: number; readonly begin: number; readonly length: number }[] = [];
  /** Requested blocks without cancelled ones, in order. */
  open: { readonly piece: number; readonly begin: number }[] = [];

  /** `index`: its index in the client. */
  constructor(time: VirtualTime, script: FakePeerScript, index = -1) {
    this.index = index;
    this.#time = time;
    this.#script = script;
    const { connect } = script;
    this.#shortagesLeft = typeof connect === 'object' && 'shortage' in connect ? connect.times : 0;
  }

  dial(events: ConnectionEvents, deliver: (bytes: Uint8Array) => void): Connection {
    this.#events = events;
    this.#deliver = deliver;
    this.#received = Buffer.alloc(0);
    this.destroyed = false;
    this.dials += 1;
    const dial = this.dials;
    this.open = [];
    this.#queue = [];
    this.dialledAt.push(this.#time.now());
    const { connect = 0, away } = this.#script;
    if (away !== undefined && this.#time.now() < away.untilMs)
      this.#later(0, () => {
        if (away.connects) this.#events?.onConnect();
        this.#events?.onEnd(away.fail, 'away');
      });
    else if (connect === 'ignore') this.fired += 1;
    else if (typeof connect === 'number') this.#connectIn(connect);
    else if ('fail' in connect)
      this.#later(connect.afterMs, () => this.#events?.onEnd(connect.fail, connect.detail ?? 'fake'));
    else if (this.#shortagesLeft-- > 0) this.#later(0, () => this.#events?.onShortage(connect.shortage));
    else this.#connectIn(0);
    return {
      kind: this.#script.transport ?? 'tcp',
      unsentBytes: this.#script.unread ?? 0,
      write: (bytes) => {
        if (this.dials === dial) this.#hear(Buffer.from(bytes));
      },
      writeParts: (parts, sent) => {
        if (this.dials !== dial) return;
        this.#hear(Buffer.concat(parts));
        this.#time.after(0, () => {
          if (this.dials === dial && !this.destroyed && this.#script.unread === undefined) sent();
        });
      },
      // The other one of two dials at one time may go on.
      destroy: () => {
        if (this.dials === dial) this.destroyed = true;
      },
    };
  }

  get now(): number {
    return this.#time.now();
  }

  say(bytes: Uint8Array): void {
    if (!this.destroyed) this.#deliver(bytes);
  }

  /** Sends it after a while, unless the connection has ended. */
  sayLater(ms: number, bytes: Uint8Array): void {
    const { dials } = this;
    this.#time.after(ms, () => {
      if (this.dials === dials) this.say(bytes);
    });
  }

  /** Closes the connection at the end of this turn, as a socket does. */
  hangUp(): void {
    this.#later(0, () => this.#events?.onEnd('closed-by-peer', 'fake'));
  }

  /** Closes the connection after a while. */
  hangUpLater(ms: number): void {
    this.#later(ms, () => this.#events?.onEnd('closed-by-peer', 'fake'));
  }

  #connectIn(ms: number): void {
    const { dials } = this;
    this.#time.after(ms, () => {
      if (this.dials === dials && !this.destroyed) this.#connected();
    });
  }

  #connected(): void {
    this.#events?.onConnect();
    for (const [ms, verb] of this.#script.script ?? []) this.#later(ms, () => this.#perform(verb));
  }

  #perform(verb: Verb): void {
    if ('end' in verb) this.#events?.onEnd(verb.end, 'fake');
    else {
      this.say(verb.say);
      if ('everyMs' in verb) this.#later(verb.everyMs, () => this.#perform(verb));
    }
  }

  #later(ms: number, work: () => void): void {
    const { dials } = this;
    this.#time.after(ms, () => {
      if (this.destroyed || this.dials !== dials) return;
      this.fired += 1;
      work();
    });
  }

  #hear(bytes: Buffer): void {
    this.bytesHeard += bytes.toString('latin1');
    this.#received = Buffer.concat([this.#received, bytes]);
    if (this.#received[0] === 19) {
      if (this.#received.length < 68) return;
      this.#received = this.#received.subarray(68);
    }
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readUInt32BE(0)) {
      const length = this.#received.readUInt32BE(0);
      const message = this.#received.subarray(4, 4 + length);
      this.#received = this.#received.subarray(4 + length);
      const id = length === 0 ? -1 : (message[0] as number);
      this.heard.push(id);
      if (this.#script.hears?.(this, id, message.subarray(1)) === true) continue;
      if (message[0] === 8) this.#cancel(message.readUInt32BE(1), message.readUInt32BE(5));
      if (message[0] === 6)
        this.#request(message.readUInt32BE(1), message.readUInt32BE(5), message.readUInt32BE(9));
    }
  }

  #cancel(piece: number, begin: number): void {
    const at = this.open.findIndex((one) => one.piece === piece && one.begin === begin);
    if (at >= 0) this.open.splice(at, 1);
  }

  #request(piece: number, begin: number, length: number): void {
    this.requests.push({ piece, begin, length });
    this.open.push({ piece, begin });
    const { serves, delayMs = 0, bytesPerS } = this.#script;
    if (serves === undefined) return;
    const data = serves(piece, begin, length);
    if (data === null) return;
    const dials = this.dials;
    const give = (): void => {
      if (this.dials === dials) this.say(wire.piece(piece, begin, data));
    };
    if (bytesPerS === undefined) return this.#time.after(delayMs, give);
    this.#queue.push({ piece, begin, length, give });
    if (this.#queue.length === 1) this.#giveNext(bytesPerS, dials);
  }

  /** One block after another; blocks that were cancelled in time are skipped. */
  #giveNext(bytesPerS: number, dials: number): void {
    const next = this.#queue[0];
    if (next === undefined || this.dials !== dials) return;
    const isOpen = this.open.some(({ piece, begin }) => piece === next.piece && begin === next.begin);
    this.#time.after(isOpen ? (next.length * 1_000) / bytesPerS : 0, () => {
      if (this.dials !== dials) return;
      this.#queue.shift();
      if (isOpen) {
        this.#cancel(next.piece, next.begin);
        next.give();
      }
      this.#giveNext(bytesPerS, dials);
    });
  }
}

/** The script of a polite seed: handshake, bitfield, and an unchoke after `unchokeMs`. */
export function seedScript(
  infoHash: Uint8Array,
  pieces: number,
  unchokeMs: number,
): readonly (readonly [number, Verb])[] {
  return [
    [0, { say: handshakeOf(infoHash, '-XX0001-seed') }],
    [0, { say: wire.bitfield('1'.repeat(pieces)) }],
    [unchokeMs, { say: wire.unchoke }],
  ];
}

/** These bytes in 40 parts, one every half second from `fromMs` on. */
export function crawling(bytes: Uint8Array, fromMs: number): readonly (readonly [number, Verb])[] {
  const part = Math.ceil(bytes.length / 40);
  return Array.from({ length: 40 }, (_, i) => [
    fromMs + 500 * i,
    { say: bytes.subarray(i * part, (i + 1) * part) },
  ]);
}
