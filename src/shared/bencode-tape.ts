/**
 * Walks bencode (BEP 3) once, without recursion and within limits. For each value it notes where its bytes are and where the
 * next value is noted: sixteen bytes per value of any kind, so hostile input costs no more memory than that.
 *
 * It accepts what libtorrent, aria2 and transmission accept: keys in any order, duplicate keys, leading zeros, `-0`.
 */
import { MAX_BENCODE_DEPTH_LEVELS } from './limits.ts';

const TOO_EARLY = 'the data ends too early';
const TOO_LONG = 'a string longer than the data';

/** Bad bencode, with the position of the bad byte. The message is part of a sentence for the user. */
export class BencodeError extends Error {
  override readonly name = 'BencodeError';
  readonly offset: number;
  /** More bytes could have made it good. */
  readonly isCut: boolean;

  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`);
    this.offset = offset;
    this.isCut = what === TOO_EARLY || what === TOO_LONG;
  }
}

/** A list or dictionary that has not ended, and what it waits for. */
interface Open {
  readonly entry: number;
  waitsFor: 'item' | 'key' | 'value';
}

export type TapeKind = 'integer' | 'string' | 'list' | 'dict';

const KINDS: readonly TapeKind[] = ['integer', 'string', 'list', 'dict'];
const INTEGER = 0;
const STRING = 1;
const LIST = 2;
const DICT = 3;

const D = 0x64;
const L = 0x6c;
const I = 0x69;
const E = 0x65;
const COLON = 0x3a;
const MINUS = 0x2d;

/** Words of one entry: kind, first byte (of a string: of its content), first byte after it, next entry that is not inside it. */
const ENTRY_WORDS = 4;
const FIRST_ENTRIES = 64;

/** Entries in the order of the bytes: entry 0 is the whole value; a dictionary's keys and values alternate. */
export class BencodeTape {
  readonly bytes: Uint8Array;
  /** First byte after the value. */
  readonly end: number;
  #words = new Int32Array(FIRST_ENTRIES * ENTRY_WORDS);
  #count = 0;

  /** Walks one value at the start of `bytes`, with a limit on the values in it. Throws BencodeError. */
  constructor(bytes: Uint8Array, maxTokens: number) {
    this.bytes = bytes;
    this.end = this.#walk(maxTokens);
  }

  kindOf(entry: number): TapeKind {
    return KINDS[this.#word(entry, 0)] ?? 'integer';
  }

  startOf(entry: number): number {
    return this.#word(entry, 1);
  }

  endOf(entry: number): number {
    return this.#word(entry, 2);
  }

  /** The entry after this one and everything in it. */
  nextOf(entry: number): number {
    return this.#word(entry, 3);
  }

  /** Exact up to 2^53; a larger value is not a safe integer. */
  integerOf(entry: number): number {
    const negative = this.bytes[this.startOf(entry) + 1] === MINUS;
    let value = 0;
    for (let i = this.startOf(entry) + (negative ? 2 : 1); i < this.endOf(entry) - 1; i++)
      value = value * 10 + (this.bytes[i] ?? 0) - 0x30;
    return negative && value !== 0 ? -value : value;
  }

  #word(entry: number, word: number): number {
    return this.#words[entry * ENTRY_WORDS + word] ?? 0;
  }

  #push(kind: number, start: number, end: number): number {
    const entry = this.#count++;
    const at = entry * ENTRY_WORDS;
    if (at >= this.#words.length) {
      const words = new Int32Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words[at] = kind;
    this.#words[at + 1] = start;
    this.#words[at + 2] = end;
    this.#words[at + 3] = entry + 1;
    return entry;
  }

  #close(entry: number, end: number): void {
    this.#words[entry * ENTRY_WORDS + 2] = end;
    this.#words[entry * ENTRY_WORDS + 3] = this.#count;
  }

  #walk(maxTokens: number): number {
    const open: Open[] = [];
    let at = 0;
    for (let tokens = 1; ; tokens++) {
      if (tokens > maxTokens) throw new BencodeError(`more than ${maxTokens} values`, at);
      at = this.#token(at, open);
      if (open.length === 0) return at;
    }
  }

  /** A key, a string, an integer, or the beginning or end of a list or dictionary; returns where it ends. */
  #token(at: number, open: Open[]): number {
    const byte = this.bytes[at];
    if (byte === undefined) throw new BencodeError(TOO_EARLY, at);
    const top = open.at(-1);
    let end: number;
    if (top !== undefined && byte === E) {
      if (top.waitsFor === 'value') throw new BencodeError('a key without a value', at);
      end = at + 1;
      this.#close(top.entry, end);
      open.pop();
    } else if (top?.waitsFor === 'key') {
      top.waitsFor = 'value';
      return this.#string(at);
    } else if (byte === D || byte === L) {
      if (open.length >= MAX_BENCODE_DEPTH_LEVELS)
        throw new BencodeError(`nested deeper than ${MAX_BENCODE_DEPTH_LEVELS} levels`, at);
      const entry = this.#push(byte === D ? DICT : LIST, at, at);
      open.push({ entry, waitsFor: byte === D ? 'key' : 'item' });
      return at + 1;
    } else end = byte === I ? this.#integer(at) : this.#string(at);
    // A value has just ended: a dictionary around it waits for its next key.
    const around = open.at(-1);
    if (around?.waitsFor === 'value') around.waitsFor = 'key';
    return end;
  }

  #integer(at: number): number {
    const { bytes } = this;
    const first = at + (bytes[at + 1] === MINUS ? 2 : 1);
    let i = first;
    for (; bytes[i] !== E; i++) {
      const digit = (bytes[i] ?? -1) - 0x30;
      if (digit < 0 || digit > 9)
        throw new BencodeError(i >= bytes.length ? TOO_EARLY : 'not an integer', at);
    }
    if (i === first) throw new BencodeError('an integer without digits', at);
    this.#push(INTEGER, at, i + 1);
    return i + 1;
  }

  #string(at: number): number {
    const { bytes } = this;
    let length = 0;
    let i = at;
    for (; bytes[i] !== COLON; i++) {
      const digit = (bytes[i] ?? -1) - 0x30;
      if (digit < 0 || digit > 9)
        throw new BencodeError(i >= bytes.length ? TOO_EARLY : 'not a bencoded value', i);
      length = length * 10 + digit;
      if (length > bytes.length) throw new BencodeError(TOO_LONG, at);
    }
    if (i === at) throw new BencodeError('a string without a length', at);
    const end = i + 1 + length;
    if (end > bytes.length) throw new BencodeError(TOO_LONG, at);
    this.#push(STRING, i + 1, end);
    return end;
  }
}
