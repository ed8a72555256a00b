// How many dials are allowed where the user does not say: by the place of this machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialLimits, dialLimitsText } from '../../src/main/session/dial-limits.ts';

const place = { halfOpen: null, dialRate: null, interface: null, proxy: null };
const limits = (own: readonly string[] | null, given: Partial<Parameters<typeof dialLimits>[0]> = {}) => {
  const { halfOpen, dialRatePerS } = dialLimits({ ...place, ...given }, own);
  return [halfOpen, dialRatePerS];
};

test('a machine with a public IPv4 address of its own may dial more, all others are careful', () => {
  assert.deepEqual(limits(['127.0.0.1', '::1', '8.8.8.8']), [2_000, 2_000]);
  for (const own of [
    null,
    [],
    ['127.0.0.1', '192.168.1.2', 'fe80::1'],
    ['100.64.0.1'],
    ['10.0.0.1', '2a00:1450::1'],
    ['169.254.1.1'],
  ])
    assert.deepEqual(limits(own), [500, 500], String(own));
});

test('the address that we connect from counts, and behind a proxy none does', () => {
  assert.deepEqual(limits(['8.8.8.8', '10.0.0.1'], { interface: '10.0.0.1' }), [500, 500]);
  assert.deepEqual(limits(['8.8.8.8', '10.0.0.1'], { interface: '8.8.8.8' }), [2_000, 2_000]);
  assert.deepEqual(limits(['8.8.8.8'], { proxy: 'socks5://127.0.0.1:1' }), [500, 500]);
});

test('what the user chose counts, also no limit, each for itself', () => {
  assert.deepEqual(limits(['8.8.8.8'], { halfOpen: 0, dialRate: 30 }), [0, 30]);
  assert.deepEqual(limits(['8.8.8.8'], { halfOpen: 50 }), [50, 2_000]);
});

test('in words: how many, and why', () => {
  const text = (given: Partial<typeof place>, own: readonly string[]): string =>
    dialLimitsText(dialLimits({ ...place, ...given }, own));
  assert.equal(
    text({}, ['8.8.8.8']),
    'dials: up to 2000 at one time and up to 2000 a second (8.8.8.8 is a public address)',
  );
  assert.equal(
    text({}, ['10.0.0.1']),
    'dials: up to 500 at one time and up to 500 a second (no public IPv4 address here, so a router may be between)',
  );
  assert.equal(
    dialLimitsText(dialLimits({ ...place, halfOpen: 0, dialRate: 9 }, null)),
    'dials: any number at one time and up to 9 a second (as you chose)',
  );
});
