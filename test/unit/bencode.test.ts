import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BencodeError,
  bytesField,
  decodeBencode,
  decodeBencodePrefix,
  eachString,
  field,
  integerField,
  isDict,
  listField,
  openBencode,
  rawBytes,
  textField,
} from '../../src/shared/bencode.ts';

const decode = (text: string) => decodeBencode(Buffer.from(text, 'latin1'));

test('values of every kind, and the positions of the outermost ones', () => {
  const { value, spans } = decode('d1:ai-5e1:bl1:xi0ee1:cd1:y0:e1:d3:abce');
  assert.ok(isDict(value));
  assert.equal(integerField(value, 'a'), -5);
  assert.deepEqual(field(value, 'b'), [Uint8Array.from([0x78]), 0]);
  assert.equal(textField(value, 'd'), 'abc');
  assert.deepEqual(
    [...spans],
    [
      ['a', [4, 8]],
      ['b', [11, 19]],
      ['c', [22, 29]],
      ['d', [32, 37]],
    ],
  );
});

test('keys may be in any order, as in old torrents', () => assert.ok(decode('d1:bi1e1:ai2ee').value));

test('an inherited property is no field', () => {
  const { value } = decode('de');
  assert.ok(isDict(value));
  assert.equal(field(value, 'constructor'), undefined);
  assert.equal(bytesField(value, 'toString'), undefined);
});

test('bytes after a value do not matter', () => {
  assert.equal(decodeBencodePrefix(Buffer.from('d1:ai1ee and more')).end, 8);
  assert.throws(() => decode('i1ei2e'), /bytes after the end of the value at byte 3/);
});

test('input that other clients accept is accepted: leading zeros, -0, duplicate keys (the first counts)', () => {
  const { value, ambiguous } = decode('d1:ai-0e1:bi-007e1:c003:abc1:ai9e1:dd1:xi1e1:xi2eee');
  assert.deepEqual(value, { a: 0, b: -7, c: Uint8Array.from(Buffer.from('abc')), d: { x: 1 } });
  assert.ok(Object.is(integerField(value as never, 'a'), 0));
  assert.equal(ambiguous, true);
  assert.equal(decode('d1:ai1e1:bi1ee').ambiguous, false);
});

test('the key __proto__ is left out, and changes no prototype', () => {
  const { value, ambiguous } = decode('d9:__proto__d1:xi1ee1:ai1ee');
  assert.deepEqual(value, { a: 1 });
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(ambiguous, true);
});

test('a torrent read from its bytes gives the same values', () => {
  const bytes = Buffer.from('xxd1:ai-05e1:bl1:xi0ed1:cd1:y0:ee2:zze1:ad1:qi1eee behind');
  const opened = openBencode(bytes.subarray(2));
  assert.ok(opened !== null && isDict(opened));
  assert.equal(integerField(opened, 'a'), -5);
  const list = field(opened, 'b');
  assert.ok(Array.isArray(list));
  const inner = list[2];
  assert.ok(isDict(inner));
  assert.equal(textField(field(inner, 'c') as never, 'y'), '');
  assert.equal(Buffer.from(rawBytes(inner) ?? '').toString(), 'd1:cd1:y0:ee');
  assert.equal(field(opened, 'constructor'), undefined);
  assert.equal(openBencode(Buffer.from('le')), null);
});

test('strings of a field, in groups: nested lists count as one, dictionaries and empty strings are skipped', () => {
  const groups = (text: string, most = 9): string[] => {
    const opened = openBencode(Buffer.from(`d1:a${text}e`));
    const found = new Map<number, string>();
    let left = most;
    eachString(opened as never, 'a', (bytes, group) => {
      found.set(group, `${found.get(group) ?? ''}${Buffer.from(bytes)}`);
      left -= 1;
      return left > 0;
    });
    return [...found.values()];
  };
  assert.deepEqual(groups('3:abc'), ['abc']);
  assert.deepEqual(groups('ll1:al1:b0:ee1:cd1:d1:eei7elel1:f1:gee'), ['ab', 'c', 'fg']);
  assert.deepEqual(groups('ll1:al1:b0:ee1:cd1:d1:eei7elel1:f1:gee', 4), ['ab', 'c', 'f']);
  assert.deepEqual(groups('i1e'), []);
});

test('a list of a torrent is no longer than requested', () => {
  const opened = openBencode(Buffer.from('d1:ali1ei2ei3ee1:b1:xe')) as never;
  assert.deepEqual(listField(opened, 'a', 2), [1, 2]);
  assert.equal(listField(opened, 'b', 2), undefined);
  assert.deepEqual(listField({ a: [1, 2, 3] }, 'a', 1), [1]);
});

test('integers beyond 2^53 are accepted, but are not integer fields', () => {
  const { value } = decode('d1:ai99999999999999999ee');
  assert.ok(isDict(value));
  assert.equal(integerField(value, 'a'), undefined);
});

const bad: [string, RegExp][] = [
  ['', /ends too early at byte 0/],
  ['i', /ends too early/],
  ['i12', /ends too early/],
  ['ie', /without digits/],
  ['i-e', /without digits/],
  ['i1x2e', /not an integer/],
  ['5:abc', /longer than the data/],
  ['99999999999999999999:x', /longer than the data/],
  [':x', /without a length/],
  ['l', /ends too early/],
  ['li1e', /ends too early/],
  ['d1:ae', /key without a value/],
  ['di1ei2ee', /not a bencoded value/],
  ['e', /not a bencoded value/],
  ['x', /not a bencoded value/],
];

for (const [text, message] of bad) {
  test(`${JSON.stringify(text)} is refused, with the byte`, () => {
    assert.throws(
      () => decode(text),
      (error) => error instanceof BencodeError && message.test(error.message) && error.offset <= text.length,
    );
  });
}

test('depth is bounded, and a depth within the bound does not overflow the stack', () => {
  assert.ok(decode(`${'l'.repeat(100)}${'e'.repeat(100)}`).value);
  assert.throws(
    () => decode(`${'l'.repeat(101)}${'e'.repeat(101)}`),
    /nested deeper than 100 levels at byte 100/,
  );
  assert.throws(() => decode('d1:a'.repeat(1_000_000)), /nested deeper/);
});

test('a bomb of tokens is refused: 2.5 million in a torrent, 200,000 in a message', () => {
  const bomb = Buffer.from(`d1:al${'le'.repeat(1_300_000)}ee`);
  assert.throws(() => openBencode(bomb), /more than 2500000 values/);
  assert.throws(() => decodeBencode(bomb), /more than 200000 values/);
});
