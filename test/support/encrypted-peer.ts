/**
 * What a fake peer speaks: plain, encrypted, or whatever the other side begins with. Its own bytes wait until that is known.
 * The cipher is ours on both sides: interop tests hold it against other clients.
 */
import { METHOD } from '../../src/workers/transport/encryption/key-exchange.ts';
import {
  type Ciphers,
  MseInitiator,
  MseResponder,
  type MseStep,
  requestHashOf,
} from '../../src/workers/transport/encryption/mse-handshake.ts';
import type { Connection, ConnectionEvents } from '../../src/workers/transport/transport.ts';
import { dice, drawnBytes } from './dice.ts';
import type { FakePeer } from './fake-peer.ts';

export type Speech = 'plain' | 'both' | 'encrypted';

/** The first byte of a handshake. */
const PLAIN_BYTE = 19;
const PLAIN: Ciphers = { encrypt: null, decrypt: null };

type Deliver = (bytes: Uint8Array) => void;

/** Answers a dial as such a peer does. */
export function dialSpeaking(
  peer: FakePeer,
  speech: Speech,
  infoHash: Uint8Array,
  events: ConnectionEvents,
  deliver: Deliver,
): Connection {
  return new Spoken(peer, infoHash, events, deliver).answering(speech);
}

/** The peer connects to us, and speaks encrypted from the first byte. */
export function knockEncrypted(
  peer: FakePeer,
  infoHash: Uint8Array,
  events: ConnectionEvents,
  deliver: Deliver,
): Connection {
  return new Spoken(peer, infoHash, events, deliver).opening();
}

class Spoken {
  readonly #peer: FakePeer;
  readonly #infoHash: Uint8Array;
  readonly #events: ConnectionEvents;
  readonly #deliver: Deliver;
  /** Of its own: another peer draws the same bytes. */
  readonly #random = drawnBytes(dice(7));
  #ciphers: Ciphers | null = null;
  #handshake: { push(bytes: Uint8Array): MseStep } | null = null;
  #waiting: Uint8Array[] = [];
  #isOver = false;
  /** It connected to us, and begins the key exchange with its first bytes. */
  #opens = false;
  #inner: Connection | null = null;

  constructor(peer: FakePeer, infoHash: Uint8Array, events: ConnectionEvents, deliver: Deliver) {
    this.#peer = peer;
    this.#infoHash = infoHash;
    this.#events = events;
    this.#deliver = deliver;
  }

  answering(speech: Speech): Connection {
    return this.#connected((bytes) => {
      if (this.#ciphers === null && this.#handshake === null) {
        const isPlain = bytes[0] === PLAIN_BYTE;
        if (isPlain ? speech === 'encrypted' : speech === 'plain') return this.#hangUp();
        if (isPlain) this.#agreed(PLAIN);
        else {
          const finds = (named: Uint8Array): Uint8Array | null =>
            requestHashOf(this.#infoHash).equals(named) ? this.#infoHash : null;
          this.#handshake = new MseResponder(finds, METHOD.plain | METHOD.rc4, this.#random);
        }
      }
      this.#hear(bytes);
    });
  }

  opening(): Connection {
    this.#opens = true;
    return this.#connected((bytes) => this.#hear(bytes));
  }

  #connected(write: (bytes: Uint8Array) => void): Connection {
    const inner = this.#peer.dial(this.#events, (bytes) => this.#say(bytes));
    this.#inner = inner;
    return {
      kind: 'tcp',
      get unsentBytes() {
        return inner.unsentBytes;
      },
      write,
      writeParts: (parts, sent) => {
        write(Buffer.concat(parts));
        queueMicrotask(sent);
      },
      destroy: () => {
        this.#isOver = true;
        inner.destroy();
      },
    };
  }

  /** What the peer says. */
  #say(bytes: Uint8Array): void {
    if (this.#ciphers !== null) return this.#deliver(this.#ciphers.encrypt?.copy(bytes) ?? bytes);
    if (this.#opens && this.#handshake === null) this.#begin(bytes);
    else this.#waiting.push(bytes);
  }

  /** What it hears. */
  #hear(bytes: Uint8Array): void {
    if (this.#ciphers !== null) {
      const copy = Buffer.from(bytes);
      this.#ciphers.decrypt?.apply(copy, 0, copy.length);
      this.#inner?.write(copy);
    } else if (this.#handshake !== null) this.#heed(this.#handshake.push(bytes));
  }

  /** Its handshake travels in the key exchange. */
  #begin(first: Uint8Array): void {
    const initiator = new MseInitiator(this.#infoHash, METHOD.plain | METHOD.rc4, first, this.#random);
    this.#handshake = initiator;
    this.#deliver(initiator.begin());
  }

  #heed({ send, done, failed }: MseStep): void {
    if (send !== null) this.#deliver(send);
    if (failed) return this.#hangUp();
    if (done === null || this.#isOver) return;
    this.#agreed(done.ciphers);
    if (done.rest.length > 0) this.#inner?.write(done.rest);
  }

  #agreed(ciphers: Ciphers): void {
    this.#ciphers = ciphers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.#say(bytes);
  }

  #hangUp(): void {
    if (!this.#isOver) this.#peer.hangUp();
  }
}
