/** Tampered bencode, torrents and tracker replies: a clear error or a valid value, nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrackerError } from '../../src/main/discovery/announce.ts';
import { readReply } from '../../src/main/discovery/http-tracker.ts';
import { Failure } from '../../src/main/failure.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import {
  type BencodeDict,
  BencodeError,
  type BencodeValue,
  decodeBencode,
  decodeBencodePrefix,
  encodeBencode,
  field,
  isDict,
  openBencode,
} from '../../src/shared/bencode.ts';
import { decodeExtendedHandshake } from '../../src/workers/wire/extended.ts';
import { dice, mutated } from '../support/dice.ts';
import { dict, int, list, str, torrentOf } from '../support/torrents.ts';

const ROUNDS = 4_000;

test('decode, then encode, then decode is the same value', () => {
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const roll = dice(seed);
    const value = (depth: number): Buffer => {
      const kind = roll(depth > 4 ? 2 : 4);
      if (kind === 0) return int(roll(2_000_000) - 1_000_000);
      if (kind === 1) return str(Buffer.from(Array.from({ length: roll(20) }, () => roll(128))));
      if (kind === 2) return list(...Array.from({ length: roll(4) }, () => value(depth + 1)));
      return dict(Object.fromEntries(Array.from({ length: roll(4) }, (_, i) => [`k${i}`, value(depth + 1)])));
    };
    const top = decodeBencode(dict({ a: value(0), b: value(0) })).value;
    assert.ok(isDict(top));
    assert.deepEqual(decodeBencode(encodeBencode(top)).value, top, `seed ${seed}`);
  }
});

test('tampered values are refused with a position, or are canonical enough to be read', () => {
  const sound = dict({ a: int(5), b: list(str('x'), int(-1)), c: dict({ d: str(Buffer.alloc(30, 0xff)) }) });
  let refused = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    try {
      decodeBencode(mutated(sound, dice(seed)));
    } catch (error) {
      assert.ok(error instanceof BencodeError, `seed ${seed}: ${String(error)}`);
      refused += 1;
    }
  }
  assert.ok(refused > ROUNDS / 2);
});

test('tampered torrents fail as bad torrents, and what is read stays inside its folder', () => {
  const files = list(
    dict({ length: int(10), path: list(str('a'), str('..'), str('one')) }),
    dict({ length: int(6), path: list(str('b/../c')) }),
  );
  const sound = dict({
    announce: str('http://t/announce'),
    info: dict({ files, name: str('../set'), 'piece length': int(16_384), pieces: str(Buffer.alloc(20)) }),
  });
  let read = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    try {
      const torrent = parseMetainfo(mutated(seed % 2 === 0 ? sound : torrentOf(), dice(seed)), 'fuzz');
      read += 1;
      for (const element of torrent.files.flatMap(({ path }) => path)) {
        assert.ok(
          element !== '' && element !== '.' && element !== '..' && !/[/\\\0]/.test(element),
          `seed ${seed}: ${JSON.stringify(element)}`,
        );
      }
    } catch (error) {
      assert.ok(error instanceof Failure && error.exitStatus === 3, `seed ${seed}: ${String(error)}`);
    }
  }
  assert.ok(read > 50, `${read} were still readable`);
});

test('tampered tracker replies and extended handshakes', () => {
  const reply = dict({
    complete: int(1),
    interval: int(1_800),
    peers: list(dict({ ip: str('1.2.3.4'), port: int(5) })),
    peers6: str(Buffer.alloc(36, 1)),
  });
  const handshake = dict({ m: dict({ ut_pex: int(1) }), reqq: int(500), v: str('client') });
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const roll = dice(seed);
    decodeExtendedHandshake(mutated(handshake, roll));
    try {
      for (const { host, port } of readReply(mutated(reply, roll), 200).peers)
        assert.ok(/^[0-9a-fA-F.:]+$/.test(host) && port > 0 && port < 65_536);
    } catch (error) {
      assert.ok(error instanceof TrackerError, `seed ${seed}: ${String(error)}`);
    }
  }
});

test('an encoded dictionary has its keys in order', () => {
  const value: BencodeDict = { b: 1, a: 2 };
  assert.equal(Buffer.from(encodeBencode(value)).toString(), 'd1:ai2e1:bi1ee');
});

/** A reference parser after BEP 3, byte by byte; of two equal keys the first counts. */
class Reference {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Throws if there is no value. */
  value(): unknown {
    const rest = this.#text.slice(this.#at);
    const integer = /^i(-?\d+)e/.exec(rest);
    if (integer !== null) {
      this.#at += integer[0].length;
      return Number(integer[1]) + 0;
    }
    if (/^\d/.test(rest)) return this.#string(rest);
    if (!/^[ld]/.test(rest)) throw new RangeError('no value');
    this.#at += 1;
    const value = rest.startsWith('l') ? this.#list() : this.#dict();
    this.#at += 1;
    return value;
  }

  #string(rest: string): string {
    const [written, length] = /^(\d+):/.exec(rest) ?? ['', Number.NaN];
    const content = rest.slice(written.length, written.length + Number(length));
    if (content.length !== Number(length)) throw new RangeError('no string');
    this.#at += written.length + content.length;
    return `"${content}`;
  }

  #list(): unknown[] {
    const items: unknown[] = [];
    while (this.#text[this.#at] !== 'e') items.push(this.value());
    return items;
  }

  #dict(): Map<string, unknown> {
    const pairs = new Map<string, unknown>();
    while (this.#text[this.#at] !== 'e') {
      const key = this.#string(this.#text.slice(this.#at));
      const value = this.value();
      if (!pairs.has(key)) pairs.set(key, value);
    }
    return pairs;
  }
}

function reference(text: string): unknown {
  try {
    return new Reference(text).value();
  } catch {
    return undefined;
  }
}

/** A decoded value in the form of the reference; a dictionary is read by the keys that the reference found. */
function sameAs(decoded: BencodeValue | undefined, expected: unknown): boolean {
  if (expected instanceof Map)
    return (
      isDict(decoded) &&
      [...(expected as Map<string, unknown>)].every(
        ([key, value]) => !isAscii(key) || sameAs(field(decoded, key.slice(1)), value),
      )
    );
  if (Array.isArray(expected))
    return (
      Array.isArray(decoded) &&
      decoded.length === expected.length &&
      expected.every((value, i) => sameAs(decoded[i], value))
    );
  if (typeof expected === 'number') return decoded === expected;
  return decoded instanceof Uint8Array && `"${Buffer.from(decoded).toString('latin1')}` === expected;
}

function isAscii(key: string): boolean {
  return Buffer.byteLength(key) === key.length;
}

test('plain values, and torrents read from their bytes, equal the reference', () => {
  const sound = dict({ a: int(5), b: list(str('x'), int(-1), list()), c: dict({ d: str('y'), e: int(0) }) });
  let read = 0;
  for (let seed = 1; seed <= 3 * ROUNDS; seed++) {
    const bytes = mutated(sound, dice(seed));
    const expected = reference(bytes.toString('latin1'));
    let plain: BencodeValue | undefined;
    let opened: BencodeDict | null = null;
    try {
      plain = decodeBencodePrefix(bytes).value;
      opened = openBencode(bytes);
    } catch (error) {
      assert.ok(error instanceof BencodeError);
    }
    assert.equal(plain === undefined, expected === undefined, `seed ${seed}: ${bytes}`);
    if (expected === undefined) continue;
    read += 1;
    assert.ok(sameAs(plain, expected), `seed ${seed}: ${bytes}`);
    if (expected instanceof Map)
      assert.ok(opened !== null && sameAs(opened, expected), `seed ${seed}: ${bytes}`);
  }
  assert.ok(read > ROUNDS / 4, `${read} were readable`);
});
