/**
 * Bencode (BEP 3) as we let it in: the raw bytes are walked first, without recursion and within limits, and only what
 * passed the walk is given to the `bencode` package, which by itself takes truncated strings, bytes behind the end
 * and any depth. The walk also notes where each value of the outermost dictionary lies, because the info hash is the
 * hash of bytes as they came, not of bytes written anew.
 */
import bencode from 'bencode';
import { MAX_BENCODE_DEPTH_LEVELS, MAX_BENCODE_TOKENS } from './limits.ts';

export type BencodeValue = number | Uint8Array | BencodeValue[] | BencodeDict;
export interface BencodeDict {
  [key: string]: BencodeValue;
}

export interface Decoded {
  readonly value: BencodeValue;
  /** First byte behind the value. */
  readonly end: number;
  /** Of an outermost dictionary: where each key's value lies, `[start, end)` in bytes. */
  readonly spans: ReadonlyMap<string, readonly [number, number]>;
}

/** Bad bencode, with the byte it was found at. The message is a sentence fragment fit for the user. */
export class BencodeError extends Error {
  override readonly name = 'BencodeError';
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`);
    this.offset = offset;
  }
}

/** Decodes one value that fills `bytes` to the end. Throws BencodeError. */
export function decodeBencode(bytes: Uint8Array): Decoded {
  const decoded = decodeBencodePrefix(bytes);
  if (decoded.end !== bytes.length) throw new BencodeError('bytes behind the end of the value', decoded.end);
  return decoded;
}

/** Decodes one value at the start of `bytes`; what follows is the caller's. Throws BencodeError. */
export function decodeBencodePrefix(bytes: Uint8Array): Decoded {
  const { end, spans } = walk(bytes);
  return { value: bencode.decode(bytes.subarray(0, end)) as BencodeValue, end, spans };
}

/** Encodes with keys sorted as raw strings, as BEP 3 wants them. */
export function encodeBencode(value: BencodeDict): Uint8Array {
  return bencode.encode(value);
}

export function isDict(value: BencodeValue | undefined): value is BencodeDict {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The value of an own key, or undefined: an inherited property is never a field of a torrent. */
export function field(dict: BencodeDict, key: string): BencodeValue | undefined {
  return Object.hasOwn(dict, key) ? dict[key] : undefined;
}

export function integerField(dict: BencodeDict, key: string): number | undefined {
  const value = field(dict, key);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

export function bytesField(dict: BencodeDict, key: string): Uint8Array | undefined {
  const value = field(dict, key);
  return value instanceof Uint8Array ? value : undefined;
}

/** The field read as UTF-8; wrong bytes become U+FFFD. */
export function textField(dict: BencodeDict, key: string): string | undefined {
  const value = bytesField(dict, key);
  return value === undefined ? undefined : Buffer.from(value).toString('utf8');
}

interface OpenDict {
  readonly kind: 'dict';
  keys: Set<string> | null;
  key: string | null;
}
type Open = OpenDict | { readonly kind: 'list' };

const D = 0x64;
const L = 0x6c;
const I = 0x69;
const E = 0x65;
const COLON = 0x3a;
const MINUS = 0x2d;

function walk(bytes: Uint8Array): { end: number; spans: Map<string, readonly [number, number]> } {
  const spans = new Map<string, readonly [number, number]>();
  const open: Open[] = [];
  let at = 0;
  let tokens = 0;
  let valueStart = 0;
  do {
    if (++tokens > MAX_BENCODE_TOKENS) throw new BencodeError(`more than ${MAX_BENCODE_TOKENS} values`, at);
    const top = open.at(-1);
    const byte = bytes[at];
    if (byte === undefined) throw new BencodeError('the data ends too early', at);
    if (top?.kind === 'dict' && top.key === null && byte !== E) {
      at = readKey(bytes, at, top);
      if (open.length === 1) valueStart = at;
      continue;
    }
    if (byte === D || byte === L) {
      push(open, byte === D, at);
      at += 1;
      continue;
    }
    at = endOfValue(bytes, at, open);
    // A value has just ended: the dictionary around it waits for its next key.
    const around = open.at(-1);
    if (around?.kind !== 'dict') continue;
    if (open.length === 1 && around.key !== null) spans.set(around.key, [valueStart, at]);
    around.key = null;
  } while (open.length > 0);
  return { end: at, spans };
}

function push(open: Open[], dict: boolean, at: number): void {
  if (open.length >= MAX_BENCODE_DEPTH_LEVELS) {
    throw new BencodeError(`nested deeper than ${MAX_BENCODE_DEPTH_LEVELS} levels`, at);
  }
  open.push(dict ? { kind: 'dict', keys: null, key: null } : { kind: 'list' });
}

/** Ends the innermost list or dictionary, or steps over an integer or a string; returns where the value ends. */
function endOfValue(bytes: Uint8Array, at: number, open: Open[]): number {
  const top = open.at(-1);
  if (bytes[at] === E && top !== undefined) {
    if (top.kind === 'dict' && top.key !== null) throw new BencodeError('a key without a value', at);
    open.pop();
    return at + 1;
  }
  return bytes[at] === I ? skipInteger(bytes, at) : stringSpan(bytes, at)[1];
}

function readKey(bytes: Uint8Array, at: number, dict: OpenDict): number {
  const [start, end] = stringSpan(bytes, at);
  const key = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
  if (key === '__proto__') throw new BencodeError('the key __proto__', at);
  dict.keys ??= new Set();
  if (dict.keys.has(key)) throw new BencodeError(`the key ${JSON.stringify(key.slice(0, 40))} twice`, at);
  dict.keys.add(key);
  dict.key = key;
  return end;
}

function stringSpan(bytes: Uint8Array, at: number): [start: number, end: number] {
  let length = 0;
  let i = at;
  for (; bytes[i] !== COLON; i++) {
    const digit = (bytes[i] ?? -1) - 0x30;
    if (digit < 0 || digit > 9) {
      throw new BencodeError(i >= bytes.length ? 'the data ends too early' : 'not a bencoded value', i);
    }
    if (i > at && length === 0) throw new BencodeError('a string length with a leading zero', at);
    length = length * 10 + digit;
    if (length > bytes.length) throw new BencodeError('a string longer than the data', at);
  }
  if (i === at) throw new BencodeError('a string without a length', at);
  const end = i + 1 + length;
  if (end > bytes.length) throw new BencodeError('a string longer than the data', at);
  return [i + 1, end];
}

const MAX_INTEGER_DIGITS = 20;

function skipInteger(bytes: Uint8Array, at: number): number {
  const negative = bytes[at + 1] === MINUS;
  const first = at + (negative ? 2 : 1);
  let i = first;
  for (; bytes[i] !== E; i++) {
    const digit = (bytes[i] ?? -1) - 0x30;
    if (digit < 0 || digit > 9 || i - first >= MAX_INTEGER_DIGITS) {
      throw new BencodeError(i >= bytes.length ? 'the data ends too early' : 'not an integer', at);
    }
  }
  if (i === first) throw new BencodeError('an integer without digits', at);
  const leadingZero = bytes[first] === 0x30;
  if (leadingZero && (i - first > 1 || negative))
    throw new BencodeError('an integer with a leading zero', at);
  return i + 1;
}
