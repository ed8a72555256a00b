/**
 * Reading and writing bencode (BEP 3). First a walk over the raw bytes (`bencode-tape.ts`). Messages then become plain values.
 * A torrent stays in its bytes and is looked up field by field, so fields that are not used cost nothing. Reading is our own:
 * the package `bencode`, which writes, accepts truncated strings and any depth, and takes the last of two equal keys.
 */
import bencode from 'bencode';
import { BencodeError, BencodeTape } from './bencode-tape.ts';
import { MAX_BENCODE_TOKENS, MAX_MESSAGE_TOKENS } from './limits.ts';

export { BencodeError };

export type BencodeValue = number | Uint8Array | BencodeValue[] | BencodeDict;
export interface BencodeDict {
  [key: string]: BencodeValue;
}

export interface Decoded {
  readonly value: BencodeValue;
  /** First byte after the value. */
  readonly end: number;
  /** For the outermost dictionary: where the value of each key is, `[start, end)` in bytes. */
  readonly spans: ReadonlyMap<string, readonly [number, number]>;
  /** Another reader may see other values: a key is duplicate (the first counts here), or a key is one that we leave out. */
  readonly ambiguous: boolean;
}

/** Decodes one value that fills `bytes` to the end. Throws BencodeError. */
export function decodeBencode(bytes: Uint8Array): Decoded {
  const decoded = decodeBencodePrefix(bytes);
  if (decoded.end !== bytes.length) throw new BencodeError('bytes after the end of the value', decoded.end);
  return decoded;
}

/** Decodes one value at the start of `bytes`; what follows is the caller's. Throws BencodeError. */
export function decodeBencodePrefix(bytes: Uint8Array): Decoded {
  const tape = new BencodeTape(bytes, MAX_MESSAGE_TOKENS);
  const plain = new PlainReader(tape);
  const value = plain.read(0);
  return { value, end: tape.end, spans: spansOf(tape), ambiguous: plain.ambiguous };
}

/** The dictionary at the start of `bytes`, read from its bytes on demand; null if there is another value. Throws BencodeError. */
export function openBencode(bytes: Uint8Array): BencodeDict | null {
  const tape = new BencodeTape(bytes, MAX_BENCODE_TOKENS);
  return tape.kindOf(0) === 'dict' ? new DictInBytes(tape, 0) : null;
}

/** Encodes with keys sorted as raw strings, as BEP 3 requires. */
export function encodeBencode(value: BencodeDict): Uint8Array {
  return bencode.encode(value);
}

export function isDict(value: BencodeValue | undefined): value is BencodeDict {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The value of an own key, or undefined: an inherited property is never a field of a torrent. */
export function field(dict: BencodeDict, key: string): BencodeValue | undefined {
  if (dict instanceof DictInBytes) return DictInBytes.field(dict, key);
  return Object.hasOwn(dict, key) ? dict[key] : undefined;
}

/** The original bytes of a dictionary of a torrent. */
export function rawBytes(dict: BencodeDict): Uint8Array | undefined {
  return dict instanceof DictInBytes ? DictInBytes.raw(dict) : undefined;
}

/** The first `most` items of a list in a torrent; undefined if it is not a list. */
export function listField(dict: BencodeDict, key: string, most: number): BencodeValue[] | undefined {
  if (dict instanceof DictInBytes) return DictInBytes.list(dict, key, most);
  const value = field(dict, key);
  return Array.isArray(value) ? value.slice(0, most) : undefined;
}

/**
 * The strings of a field in a torrent, as many as `take` wants, in groups: each item of a list is a group with everything
 * nested in it; a single string is a group of one. `take` returns false when it has enough.
 */
export function eachString(
  dict: BencodeDict,
  key: string,
  take: (bytes: Uint8Array, group: number) => boolean,
): void {
  if (dict instanceof DictInBytes) DictInBytes.strings(dict, key, take);
}

/** The keys and values of a dictionary in a torrent, in the order of its bytes. */
export function entriesOf(dict: BencodeDict): Iterable<readonly [Uint8Array, BencodeValue]> {
  return dict instanceof DictInBytes ? DictInBytes.entries(dict) : [];
}

export function integerField(dict: BencodeDict, key: string): number | undefined {
  const value = field(dict, key);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

export function bytesField(dict: BencodeDict, key: string): Uint8Array | undefined {
  const value = field(dict, key);
  return value instanceof Uint8Array ? value : undefined;
}

/** The field as UTF-8; invalid bytes become U+FFFD. */
export function textField(dict: BencodeDict, key: string): string | undefined {
  const value = bytesField(dict, key);
  return value === undefined ? undefined : Buffer.from(value).toString('utf8');
}

/** A dictionary of a torrent: each look-up reads the bytes. The first of two equal keys counts. */
class DictInBytes {
  [key: string]: BencodeValue;
  readonly #tape: BencodeTape;
  readonly #entry: number;

  constructor(tape: BencodeTape, entry: number) {
    this.#tape = tape;
    this.#entry = entry;
  }

  static field(dict: DictInBytes, key: string): BencodeValue | undefined {
    const found = entryOf(dict.#tape, dict.#entry, key);
    return found === undefined ? undefined : valueInBytes(dict.#tape, found);
  }

  static raw(dict: DictInBytes): Uint8Array {
    return viewOf(dict.#tape, dict.#entry);
  }

  static list(dict: DictInBytes, key: string, most: number): BencodeValue[] | undefined {
    const found = entryOf(dict.#tape, dict.#entry, key);
    if (found === undefined || dict.#tape.kindOf(found) !== 'list') return undefined;
    return listInBytes(dict.#tape, found, most);
  }

  static *entries(dict: DictInBytes): Generator<readonly [Uint8Array, BencodeValue]> {
    const tape = dict.#tape;
    const behind = tape.nextOf(dict.#entry);
    for (let at = dict.#entry + 1; at < behind; at = tape.nextOf(at + 1))
      yield [viewOf(tape, at), valueInBytes(tape, at + 1)];
  }

  /** Skips empty strings and dictionaries. */
  static strings(dict: DictInBytes, key: string, take: (bytes: Uint8Array, group: number) => boolean): void {
    const tape = dict.#tape;
    const found = entryOf(tape, dict.#entry, key);
    if (found === undefined) return;
    const isList = tape.kindOf(found) === 'list';
    const behind = tape.nextOf(found);
    let group = found;
    let groupBehind = group;
    for (let at = isList ? found + 1 : found; at < behind; ) {
      if (at >= groupBehind) {
        group = at;
        groupBehind = tape.nextOf(at);
      }
      const kind = tape.kindOf(at);
      const isFull = kind === 'string' && tape.endOf(at) > tape.startOf(at);
      if (isFull && !take(viewOf(tape, at), group)) return;
      at = kind === 'list' ? at + 1 : tape.nextOf(at);
    }
  }
}

/** Strings are views of the bytes, and dictionaries stay there; lists are copied. */
function valueInBytes(tape: BencodeTape, entry: number): BencodeValue {
  switch (tape.kindOf(entry)) {
    case 'integer':
      return tape.integerOf(entry);
    case 'string':
      return viewOf(tape, entry);
    case 'list':
      return listInBytes(tape, entry, Number.POSITIVE_INFINITY);
    case 'dict':
      return new DictInBytes(tape, entry);
  }
}

function listInBytes(tape: BencodeTape, list: number, most: number): BencodeValue[] {
  const values: BencodeValue[] = [];
  const behind = tape.nextOf(list);
  for (let at = list + 1; at < behind && values.length < most; at = tape.nextOf(at))
    values.push(valueInBytes(tape, at));
  return values;
}

/** The value of a key. All keys that we read are ASCII. */
function entryOf(tape: BencodeTape, dict: number, key: string): number | undefined {
  const behind = tape.nextOf(dict);
  for (let at = dict + 1; at < behind; at = tape.nextOf(at + 1)) {
    const start = tape.startOf(at);
    if (tape.endOf(at) - start !== key.length) continue;
    let same = 0;
    while (same < key.length && tape.bytes[start + same] === key.charCodeAt(same)) same += 1;
    if (same === key.length) return at + 1;
  }
  return undefined;
}

function viewOf(tape: BencodeTape, entry: number): Uint8Array {
  const { buffer, byteOffset } = tape.bytes;
  const start = tape.startOf(entry);
  return new Uint8Array(buffer, byteOffset + start, tape.endOf(entry) - start);
}

/** Makes plain values with their own bytes, because messages are in buffers that are used again. */
class PlainReader {
  ambiguous = false;
  readonly #tape: BencodeTape;

  constructor(tape: BencodeTape) {
    this.#tape = tape;
  }

  read(entry: number): BencodeValue {
    const tape = this.#tape;
    switch (tape.kindOf(entry)) {
      case 'integer':
        return tape.integerOf(entry);
      case 'string':
        return viewOf(tape, entry).slice();
      case 'list':
        return this.#list(entry);
      case 'dict':
        return this.#dict(entry);
    }
  }

  #list(entry: number): BencodeValue[] {
    const values: BencodeValue[] = [];
    const behind = this.#tape.nextOf(entry);
    for (let at = entry + 1; at < behind; at = this.#tape.nextOf(at)) values.push(this.read(at));
    return values;
  }

  #dict(entry: number): BencodeDict {
    const dict: BencodeDict = {};
    for (const [key, value] of pairsOf(this.#tape, entry)) {
      if (key === '__proto__' || Object.hasOwn(dict, key)) this.ambiguous = true;
      else dict[key] = this.read(value);
    }
    return dict;
  }
}

function* pairsOf(tape: BencodeTape, dict: number): Generator<[string, number]> {
  const behind = tape.nextOf(dict);
  for (let at = dict + 1; at < behind; at = tape.nextOf(at + 1))
    yield [Buffer.from(viewOf(tape, at)).toString('utf8'), at + 1];
}

function spansOf(tape: BencodeTape): Map<string, readonly [number, number]> {
  const spans = new Map<string, readonly [number, number]>();
  if (tape.kindOf(0) !== 'dict') return spans;
  for (const [key, value] of pairsOf(tape, 0)) {
    // A value begins where its key ends: for a string the tape has only the content.
    if (!spans.has(key)) spans.set(key, [tape.endOf(value - 1), tape.endOf(value)]);
  }
  return spans;
}
