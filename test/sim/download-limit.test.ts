/** A download within a rate limit, in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedScript } from '../support/fake-peer.ts';
import { download, seed } from '../support/virtual-download.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';

const BLOCK = 16_384;
const of16 = () => seed({ script: seedScript(INFO_HASH, 16, 100) });

test('four blocks a second arrive as four blocks a second, over several peers, and none twice', () => {
  const options = { pieces: 16, slots: 16, downloadLimit: 4 * BLOCK };
  const early = download(options, 6_100, [of16(), of16(), of16()]);
  const asked = early.fakes.reduce((sum, { requests }) => sum + requests.length, 0);
  assert.ok(Math.abs(asked - 24) <= 3, `${asked} blocks in 6 s`);
  const { verified, fakes, shard } = download(options, 9_000, [of16(), of16(), of16()]);
  assert.equal(verified, 16);
  assert.equal(
    fakes.reduce((sum, { requests }) => sum + requests.length, 0),
    32,
    'no block twice',
  );
  assert.ok(
    fakes.every(({ requests }) => requests.length > 0),
    'all peers have a part',
  );
  assert.deepEqual(shard.closings, []);
});

test('a limit that is far above the rate changes nothing', () => {
  const { verified } = download({ pieces: 16, slots: 16, downloadLimit: 2 ** 30 }, 2_000, [of16()]);
  assert.equal(verified, 16);
});
