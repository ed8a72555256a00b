/** The small parts of the main thread. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { namedPeer } from '../../src/main/cli/named-peers.ts';
import { Failure } from '../../src/main/failure.ts';
import { VERSION } from '../../src/main/network/identity.ts';
import { clientFamily } from '../../src/main/race/client-family.ts';
import { PeerList } from '../../src/main/race/peer-list.ts';
import { shardOf, shareOf } from '../../src/main/race/sharding.ts';
import { percentiles } from '../../src/main/report/race-report.ts';
import {
  formatDuration,
  formatSize,
  formatTime,
  parseCount,
  parseDuration,
  parseSize,
} from '../../src/main/text/units.ts';
import { addressKey } from '../../src/shared/compact-peers.ts';
import * as limits from '../../src/shared/limits.ts';
import { ROOT } from '../support/paths.ts';

const usage = (message: RegExp) => (error: unknown) =>
  error instanceof Failure && error.exitStatus === 2 && message.test(error.message);

test('times for people', () => {
  const times = [
    840,
    9_949,
    12_520,
    59_400,
    185_000,
    3_600_000,
    7_860_000,
    273_600_000,
    Number.POSITIVE_INFINITY,
  ];
  assert.deepEqual(times.map(formatTime), [
    '0.8 s',
    '9.9 s',
    '13 s',
    '59 s',
    '3 min 5 s',
    '1 h',
    '2 h 11 min',
    '3 d 4 h',
    '-',
  ]);
  assert.deepEqual(
    ['5min', '90 sec', '2h', '1 day', '1.5m'].map((text) => parseDuration('--x', text)),
    [300_000, 90_000, 7_200_000, 86_400_000, 90_000],
  );
});

test('sizes and durations', () => {
  assert.equal(parseSize('--memory', '128M'), 134_217_728);
  assert.equal(parseSize('--memory', '1.5 GiB'), 1_610_612_736);
  assert.equal(parseSize('--memory', '500'), 500);
  assert.throws(() => parseSize('--memory', 'lots'), usage(/--memory lots: not a size/));
  assert.equal(parseDuration('--x', '1.5h'), 5_400_000);
  assert.equal(parseDuration('--x', '250ms'), 250);
  assert.throws(() => parseDuration('--x', '-1'), usage(/not a duration/));
  assert.throws(() => parseCount('--shards', '0', 1), usage(/--shards 0: not a whole number of 1 or more/));
  assert.deepEqual([12, 1_536, 64 * 2 ** 20].map(formatSize), ['12 B', '1.5 KiB', '64.0 MiB']);
  assert.deepEqual([840, 2_930, 185_000, 7_800_000, Number.NaN].map(formatDuration), [
    '840 ms',
    '2.93 s',
    '3m 05s',
    '2h 10m',
    '-',
  ]);
});

test('peers as the user writes them', () => {
  assert.deepEqual(namedPeer('1.2.3.4:6881', '--peer'), { host: '1.2.3.4', port: 6881 });
  assert.deepEqual(namedPeer('[2001:db8::1]:1', '--peer'), { host: '2001:db8::1', port: 1 });
  for (const bad of [
    '1.2.3.4',
    '1.2.3.4:0',
    '1.2.3.4:65536',
    '2001:db8::1:6881',
    '[1.2.3.4]:5',
    'a b:1',
    ':1',
  ]) {
    assert.throws(() => namedPeer(bad, '--peer'), usage(/not HOST:PORT/), bad);
  }
});

test('sharding is pure, disjoint and balanced', () => {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 10_000; i++) {
    const shard = shardOf(`127.16.${Math.floor(i / 250)}.${(i % 250) + 1}`, 6881, 4);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(Math.abs(count - 2_500) < 250, counts.join(' '));
  assert.equal(shardOf('1.2.3.4', 5, 3), shardOf('1.2.3.4', 5, 3));
});

test('limits are split without losing any, and zero stays unlimited', () => {
  assert.deepEqual(
    [0, 1, 2].map((shard) => shareOf(500, shard, 3)),
    [167, 167, 166],
  );
  assert.equal(shareOf(0, 0, 2), Number.POSITIVE_INFINITY);
  assert.equal(shareOf(1, 1, 2), 1, 'a shard may always have one');
});

test('an address is listed once, with its outcome', () => {
  const list = new PeerList();
  assert.equal(
    list.add(
      [
        { host: '1.1.1.1', port: 1 },
        { host: '1.1.1.1', port: 1 },
        { host: '1.1.1.1', port: 2 },
      ],
      'a',
    ).length,
    2,
  );
  assert.equal(list.add([{ host: '1.1.1.1', port: 2 }], 'b').length, 0);
  assert.equal(addressKey('::1', 5), '[::1]:5');
});

test('no more addresses are kept than the limit', () => {
  const list = new PeerList();
  const many = Array.from({ length: limits.MAX_KNOWN_PEERS + 5 }, (_, i) => ({
    host: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    port: 1,
  }));
  assert.equal(list.add(many, 'user').length, limits.MAX_KNOWN_PEERS);
  assert.equal(list.refused, 5);
});

test('client families by name and by peer id', () => {
  assert.equal(clientFamily('libtorrent/2.0.8', '-LT2080-'), 'libtorrent');
  assert.equal(clientFamily('qBittorrent 5.0', null), 'qBittorrent');
  assert.equal(clientFamily('µTorrent 3.6', null), 'µTorrent');
  assert.equal(clientFamily('Ünion_1.2/x', null), 'Ünion_1.2');
  assert.equal(clientFamily('Tixatié-3 x', null), 'Tixatié-3');
  assert.equal(clientFamily(null, '-TR3000-'), 'transmission');
  assert.equal(clientFamily(null, 'A2-1-36-'), 'aria2');
  assert.equal(clientFamily(null, '-QQ1234-'), '-QQ-');
  assert.equal(clientFamily('\x1b[2J', 'garbage!'), 'unknown');
  assert.equal(clientFamily(null, null), 'unknown');
});

test('nearest-rank percentiles', () => {
  assert.deepEqual(percentiles(Array.from({ length: 100 }, (_, i) => 100 - i)), {
    n: 100,
    p50: 50,
    p90: 90,
    p99: 99,
    max: 100,
  });
  assert.deepEqual(percentiles([7]), { n: 1, p50: 7, p90: 7, p99: 7, max: 7 });
});

test('LIMITS.md has a row for every limit, with its value, and no other', () => {
  const text = readFileSync(join(ROOT, 'LIMITS.md'), 'utf8');
  const rows = new Map(
    [...text.matchAll(/^\| `([A-Z0-9_]+)` +\| +([\d,]+) +\|/gm)].map((match) => [
      match[1],
      match[2]?.replaceAll(',', ''),
    ]),
  );
  assert.deepEqual([...rows.keys()].sort(), Object.keys(limits).sort());
  for (const [name, value] of Object.entries(limits)) assert.equal(rows.get(name), String(value), name);
});

test('the version is that of package.json', () => {
  assert.equal(
    VERSION,
    (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
  );
});
