/** BEP 55: the messages of `ut_holepunch`, from bytes written by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHolepunch, encodeHolepunch } from '../../src/workers/wire/holepunch-message.ts';
import { decodePex, encodePex } from '../../src/workers/wire/pex-message.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const FOUR = [1, 2, 3, 4, 0x1a, 0xe1];
const SIX = [0x2a, 0, 0x14, 0x50, ...new Array<number>(11).fill(0), 1, 0x1a, 0xe1];
const four = { host: '1.2.3.4', port: 6_881 };
const six = { host: '2a00:1450::1', port: 6_881 };

test('each kind, over both families, with and without an error code', () => {
  for (const [i, kind] of (['rendezvous', 'connect', 'error'] as const).entries()) {
    assert.deepEqual(decodeHolepunch(bytes(i, 0, ...FOUR)), { kind, address: four, error: 0 });
    assert.deepEqual(decodeHolepunch(bytes(i, 1, ...SIX)), { kind, address: six, error: 0 });
    const error = kind === 'error' ? 0x01020304 : 0;
    assert.deepEqual(decodeHolepunch(bytes(i, 0, ...FOUR, 1, 2, 3, 4)), { kind, address: four, error });
    assert.deepEqual(decodeHolepunch(bytes(i, 1, ...SIX, 1, 2, 3, 4)), { kind, address: six, error });
  }
});

test('an IPv4 address in IPv6 form is one of IPv4', () => {
  const mapped = [...new Array<number>(10).fill(0), 0xff, 0xff, ...FOUR];
  assert.deepEqual(decodeHolepunch(bytes(1, 1, ...mapped))?.address, four);
});

test('anything shorter is no message, at any length', () => {
  for (const [family, address] of [
    [0, FOUR],
    [1, SIX],
  ] as const) {
    const whole = bytes(0, family, ...address);
    for (let length = 0; length < whole.length; length++)
      assert.equal(decodeHolepunch(whole.subarray(0, length)), null, `${length} bytes`);
  }
});

test('half an error code is none, and what follows a whole one is ignored', () => {
  for (const rest of [[9], [9, 9], [9, 9, 9]])
    assert.equal(decodeHolepunch(bytes(2, 0, ...FOUR, ...rest))?.error, 0);
  assert.equal(decodeHolepunch(bytes(2, 0, ...FOUR, 0, 0, 0, 3, 7, 7, 7))?.error, 3);
});

test('unknown kinds and families and port 0 are no messages', () => {
  for (const kind of [3, 4, 0x7f, 0xff]) assert.equal(decodeHolepunch(bytes(kind, 0, ...FOUR)), null);
  for (const family of [2, 4, 6, 0xff]) assert.equal(decodeHolepunch(bytes(0, family, ...SIX)), null);
  assert.equal(decodeHolepunch(bytes(0, 0, 1, 2, 3, 4, 0, 0)), null);
});

test('it reads from a part of a larger buffer', () => {
  const larger = bytes(9, 9, 9, 1, 0, ...FOUR);
  assert.deepEqual(decodeHolepunch(larger.subarray(3))?.address, four);
});

test('what we write has an error code, 0 where there is no error', () => {
  assert.deepEqual(encodeHolepunch('rendezvous', four), Buffer.from([0, 0, ...FOUR, 0, 0, 0, 0]));
  assert.deepEqual(encodeHolepunch('connect', six), Buffer.from([1, 1, ...SIX, 0, 0, 0, 0]));
  assert.deepEqual(encodeHolepunch('error', four, 2), Buffer.from([2, 0, ...FOUR, 0, 0, 0, 2]));
  assert.equal(encodeHolepunch('connect', { host: 'a.name.example', port: 1 }), null);
});

test('peer exchange says which peers take part; a peer with port 0 does not shift the flags of others', () => {
  const flags = [0, 8, 0x1a].map((flag, i) => ({ host: `1.2.3.${i + 1}`, port: 7 + i, flags: flag }));
  const more = { host: '2a00:1450::1', port: 9, flags: 8 };
  const punchable = decodePex(encodePex([...flags, more], []) as Uint8Array, 10)?.map(
    (peer) => peer.punchable,
  );
  assert.deepEqual(punchable, [false, true, true, true]);
  const zero = `d5:added12:${'\x01\x02\x03\x04\x00\x00'}${'\x01\x02\x03\x05\x00\x07'}7:added.f2:\x00\x08e`;
  assert.deepEqual(decodePex(Buffer.from(zero, 'latin1'), 10), [
    { host: '1.2.3.5', port: 7, punchable: true },
  ]);
  const missing = `d5:added6:${'\x01\x02\x03\x05\x00\x07'}e`;
  assert.deepEqual(decodePex(Buffer.from(missing, 'latin1'), 10), [
    { host: '1.2.3.5', port: 7, punchable: false },
  ]);
});
