import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BencodeError,
  bytesField,
  decodeBencode,
  decodeBencodePrefix,
  field,
  integerField,
  isDict,
  textField,
} from '../../src/shared/bencode.ts';

const decode = (text: string) => decodeBencode(Buffer.from(text, 'latin1'));

test('values of every kind, and where the outermost ones lie', () => {
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

test('keys in any order are read: old torrents have them so', () =>
  assert.ok(decode('d1:bi1e1:ai2ee').value));

test('an inherited property is no field', () => {
  const { value } = decode('de');
  assert.ok(isDict(value));
  assert.equal(field(value, 'constructor'), undefined);
  assert.equal(bytesField(value, 'toString'), undefined);
});

test('a value with bytes behind it ends where it ends', () => {
  assert.equal(decodeBencodePrefix(Buffer.from('d1:ai1ee and more')).end, 8);
  assert.throws(() => decode('i1ei2e'), /bytes behind the end of the value at byte 3/);
});

test('integers beyond 2^53 are read past, and are no integer field', () => {
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
  ['i-0e', /leading zero/],
  ['i03e', /leading zero/],
  ['i1x2e', /not an integer/],
  ['i123456789012345678901e', /not an integer/],
  ['5:abc', /longer than the data/],
  ['05:abcde', /leading zero/],
  ['99999999999999999999:x', /longer than the data/],
  [':x', /without a length/],
  ['l', /ends too early/],
  ['li1e', /ends too early/],
  ['d1:ae', /key without a value/],
  ['di1ei2ee', /not a bencoded value/],
  ['d1:ai1e1:ai2ee', /key "a" twice/],
  ['d9:__proto__d1:xi1eee', /__proto__/],
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

test('a bomb of tokens is refused', () =>
  assert.throws(() => decode(`l${'le'.repeat(1_300_000)}e`), /more than 2500000 values/));
