/** The allowed-fast set (BEP 6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AllowedFast, allowedFastPieces } from '../../src/workers/uploads/allowed-fast.ts';

const HASH = new Uint8Array(20).fill(0xaa);

test('the sets of the example in BEP 6', () => {
  const seven = [1059, 431, 808, 1217, 287, 376, 1188];
  assert.deepEqual(allowedFastPieces('80.4.4.200', HASH, 1313, 7), seven);
  assert.deepEqual(allowedFastPieces('80.4.4.200', HASH, 1313, 9), [...seven, 353, 508]);
});

test('hosts of one network have one set, also with IPv6', () => {
  const set = (host: string) => allowedFastPieces(host, HASH, 1313);
  assert.equal(set('80.4.4.200').length, 5);
  assert.deepEqual(set('80.4.4.1'), set('80.4.4.200'));
  assert.notDeepEqual(set('80.4.5.200'), set('80.4.4.200'));
  assert.deepEqual(set('2001:db8::1'), set('2001:db8::2:3'));
  assert.notDeepEqual(set('2001:db8:0:1::1'), set('2001:db8::1'));
});

test('at most a quarter of the torrent', () => {
  for (const [pieces, most] of [
    [1, 0],
    [3, 0],
    [4, 1],
    [19, 4],
    [20, 5],
    [1_000_000, 5],
  ] as const)
    assert.equal(allowedFastPieces('80.4.4.200', HASH, pieces).length, most, `${pieces} pieces`);
});

test('each byte may be requested twice; a peer with five pieces is no newcomer', () => {
  const [one, other] = allowedFastPieces('80.4.4.200', HASH, 1313, 2);
  const set = new AllowedFast([one, other] as NonNullable<typeof one>[], 32_768);
  assert.equal(set.allows(7, 16_384, 0), false, 'another piece');
  assert.equal(set.allows(one as number, 16_384, 5), false);
  for (let i = 0; i < 8; i++)
    assert.equal(set.allows(i % 2 === 0 ? Number(one) : Number(other), 16_384, 4), true);
  assert.equal(set.allows(one as number, 1, 0), false);
});
