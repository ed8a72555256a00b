/**
 * Message Stream Encryption, as most clients speak it: both sides of the handshake as byte machines, without a socket. Received bytes
 * go in. Bytes to send come out, and at the end the ciphers of the stream and the bytes after the handshake.
 *
 * A → B  key, padding
 * B → A  key, padding
 * A → B  HASH(req1, S), HASH(req2, info hash) ^ HASH(req3, S), RC4(zeros, methods, padding, first payload)
 * B → A  RC4(zeros, method, padding), and then both speak by the chosen method.
 */
import {
  cipherOf,
  hash,
  KEY_BYTES,
  type Keys,
  MAX_PAD_BYTES,
  METHOD,
  newKeys,
  pad,
  type RandomBytes,
  VERIFICATION,
  xor,
} from './key-exchange.ts';
import type { Rc4 } from './rc4.ts';

/** The ciphers of the stream; null if it continues in plain text. */
export interface Ciphers {
  readonly encrypt: Rc4 | null;
  readonly decrypt: Rc4 | null;
}

export interface MseStep {
  readonly send: Buffer | null;
  /** Set at the end, with the decrypted bytes after the handshake. */
  readonly done: { readonly ciphers: Ciphers; readonly rest: Buffer } | null;
  /** The peer does not speak this protocol, or wants another torrent. */
  readonly failed: boolean;
}

export interface MseHandshake {
  push(bytes: Uint8Array): MseStep;
}

const WAIT: MseStep = { send: null, done: null, failed: false };
const FAILED: MseStep = { send: null, done: null, failed: true };
const HASH_BYTES = 20;
/** Method and length of the padding, after the verification. */
const SELECT_BYTES = 6;

/** The dialling side. `first` is the first payload, which saves a round trip. */
export class MseInitiator implements MseHandshake {
  readonly #infoHash: Uint8Array;
  readonly #methods: number;
  readonly #first: Uint8Array;
  readonly #randomBytes: RandomBytes;
  readonly #keys: Keys;
  #received = Buffer.alloc(0);
  #keyed: { readonly encrypt: Rc4; readonly decrypt: Rc4; readonly mark: Buffer } | null = null;
  #select: Buffer | null = null;

  /** `methods`: bits of METHOD that we accept. */
  constructor(infoHash: Uint8Array, methods: number, first: Uint8Array, randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes;
    this.#keys = newKeys(randomBytes);
    this.#infoHash = infoHash;
    this.#methods = methods;
    this.#first = first;
  }

  /** The first bytes of the connection. */
  begin(): Buffer {
    return Buffer.concat([this.#keys.publicKey, pad(this.#randomBytes)]);
  }

  push(bytes: Uint8Array): MseStep {
    this.#received = Buffer.concat([this.#received, bytes]);
    if (this.#keyed === null) return this.#received.length < KEY_BYTES ? WAIT : this.#answerKey();
    return this.#finish();
  }

  #answerKey(): MseStep {
    const secret = secretOf(this.#keys, this.#received);
    if (secret === null) return FAILED;
    this.#received = this.#received.subarray(KEY_BYTES);
    const encrypt = cipherOf('A', secret, this.#infoHash);
    const decrypt = cipherOf('B', secret, this.#infoHash);
    const padding = pad(this.#randomBytes);
    const head = Buffer.alloc(SELECT_BYTES);
    head.writeUInt32BE(this.#methods, 0);
    head.writeUInt16BE(padding.length, 4);
    const firstLength = Buffer.alloc(2);
    firstLength.writeUInt16BE(this.#first.length);
    const body = Buffer.concat([VERIFICATION, head, padding, firstLength, this.#first]);
    const send = Buffer.concat([
      hash('req1', secret),
      xor(hash('req2', this.#infoHash), hash('req3', secret)),
      encrypt.copy(body),
    ]);
    // The encrypted zeros of the answer: the answer begins where they are found.
    this.#keyed = { encrypt, decrypt, mark: decrypt.copy(VERIFICATION) };
    const { done, failed } = this.#finish();
    return { send, done, failed };
  }

  #finish(): MseStep {
    const keyed = this.#keyed;
    if (keyed === null) return WAIT;
    const { encrypt, decrypt, mark } = keyed;
    if (this.#select === null) {
      const at = this.#received.indexOf(mark);
      if (at < 0 || at > MAX_PAD_BYTES)
        return this.#received.length > MAX_PAD_BYTES + mark.length ? FAILED : WAIT;
      const start = at + mark.length;
      if (this.#received.length < start + SELECT_BYTES) return WAIT;
      this.#select = this.#received.subarray(start, start + SELECT_BYTES);
      decrypt.apply(this.#select, 0, SELECT_BYTES);
      this.#received = this.#received.subarray(start + SELECT_BYTES);
    }
    const method = this.#select.readUInt32BE(0);
    const padding = this.#select.readUInt16BE(4);
    const agreed = (method === METHOD.plain || method === METHOD.rc4) && (method & this.#methods) !== 0;
    if (!agreed || padding > MAX_PAD_BYTES) return FAILED;
    if (this.#received.length < padding) return WAIT;
    decrypt.apply(this.#received, 0, padding);
    return finished(method, { encrypt, decrypt }, this.#received.subarray(padding));
  }
}

/** Finds the torrent of an incoming peer: the peer sends the hash of `req2` and the info hash, which hides the info hash from others. */
export type TorrentFinder = (hashOfRequest: Uint8Array) => Uint8Array | null;

/** What a dialling peer sends to name a torrent, without the shared secret. */
export function requestHashOf(infoHash: Uint8Array): Buffer {
  return hash('req2', infoHash);
}

/** The accepting side. */
export class MseResponder implements MseHandshake {
  readonly #torrentOf: TorrentFinder;
  readonly #methods: number;
  readonly #randomBytes: RandomBytes;
  readonly #keys: Keys;
  #received = Buffer.alloc(0);
  #secret: Buffer | null = null;
  #ciphers: { readonly encrypt: Rc4; readonly decrypt: Rc4 } | null = null;
  /** The encrypted part received so far, decrypted. */
  #body = Buffer.alloc(0);

  constructor(torrentOf: TorrentFinder, methods: number, randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes;
    this.#keys = newKeys(randomBytes);
    this.#torrentOf = torrentOf;
    this.#methods = methods;
  }

  push(bytes: Uint8Array): MseStep {
    this.#received = Buffer.concat([this.#received, bytes]);
    let send: Buffer | null = null;
    if (this.#secret === null) {
      if (this.#received.length < KEY_BYTES) return WAIT;
      this.#secret = secretOf(this.#keys, this.#received);
      if (this.#secret === null) return FAILED;
      this.#received = this.#received.subarray(KEY_BYTES);
      send = Buffer.concat([this.#keys.publicKey, pad(this.#randomBytes)]);
    }
    const search = this.#ciphers === null ? this.#findTorrent(this.#secret) : 'found';
    if (search === 'unknown') return FAILED;
    if (search === 'early')
      return this.#received.length > MAX_PAD_BYTES + 2 * HASH_BYTES ? FAILED : { ...WAIT, send };
    const { done, failed, send: answer } = this.#finish();
    const both = [send, answer].filter((part) => part !== null);
    return { send: both.length === 0 ? null : Buffer.concat(both), done, failed };
  }

  /** `early`: not all of it has arrived. */
  #findTorrent(secret: Buffer): 'found' | 'unknown' | 'early' {
    const at = this.#received.indexOf(hash('req1', secret));
    if (at < 0 || at > MAX_PAD_BYTES || this.#received.length < at + 2 * HASH_BYTES) return 'early';
    const named = xor(this.#received.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES), hash('req3', secret));
    const infoHash = this.#torrentOf(named);
    if (infoHash === null) return 'unknown';
    this.#received = this.#received.subarray(at + 2 * HASH_BYTES);
    this.#ciphers = { encrypt: cipherOf('B', secret, infoHash), decrypt: cipherOf('A', secret, infoHash) };
    return 'found';
  }

  #finish(): MseStep {
    const ciphers = this.#ciphers;
    if (ciphers === null) return WAIT;
    const headBytes = VERIFICATION.length + SELECT_BYTES;
    if (!this.#decryptTo(headBytes)) return WAIT;
    if (!this.#body.subarray(0, VERIFICATION.length).equals(VERIFICATION)) return FAILED;
    const offered = this.#body.readUInt32BE(VERIFICATION.length) & this.#methods;
    const padding = this.#body.readUInt16BE(VERIFICATION.length + 4);
    if (offered === 0 || padding > MAX_PAD_BYTES) return FAILED;
    const firstAt = headBytes + padding + 2;
    if (!this.#decryptTo(firstAt)) return WAIT;
    const end = firstAt + this.#body.readUInt16BE(firstAt - 2);
    if (!this.#decryptTo(end)) return WAIT;
    const method = (offered & METHOD.rc4) !== 0 ? METHOD.rc4 : METHOD.plain;
    const answer = Buffer.alloc(headBytes);
    answer.writeUInt32BE(method, VERIFICATION.length);
    const send = ciphers.encrypt.copy(answer);
    const { done } = finished(method, ciphers, this.#received);
    const first = this.#body.subarray(firstAt, end);
    return {
      send,
      done: done === null ? null : { ...done, rest: Buffer.concat([first, done.rest]) },
      failed: false,
    };
  }

  /** Decrypts until the body has `length` bytes; false if they have not arrived. */
  #decryptTo(length: number): boolean {
    const missing = length - this.#body.length;
    if (missing <= 0) return true;
    if (this.#received.length < missing) return false;
    const part = this.#received.subarray(0, missing);
    this.#ciphers?.decrypt.apply(part, 0, missing);
    this.#body = Buffer.concat([this.#body, part]);
    this.#received = this.#received.subarray(missing);
    return true;
  }
}

function secretOf(keys: Keys, received: Uint8Array): Buffer | null {
  try {
    return keys.secret(received.subarray(0, KEY_BYTES));
  } catch {
    return null;
  }
}

function finished(method: number, ciphers: { encrypt: Rc4; decrypt: Rc4 }, rest: Buffer): MseStep {
  if (method === METHOD.plain)
    return { send: null, done: { ciphers: { encrypt: null, decrypt: null }, rest }, failed: false };
  ciphers.decrypt.apply(rest, 0, rest.length);
  return { send: null, done: { ciphers, rest }, failed: false };
}
