/** The texts of `unchoke bench`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BenchFigures,
  benchLines,
  bottleneck,
  medianRate,
} from '../../src/main/cli/output/bench-figures.ts';

const MIB = 2 ** 20;
const figures: BenchFigures = {
  ms: 4_200,
  receivedBytes: 400 * MIB,
  verifiedBytes: 399 * MIB,
  wastedBytes: 16_384,
  rates: [20 * MIB, 100 * MIB, 120 * MIB, 80 * MIB],
  ttfuMs: 61,
  firstBlockMs: 114,
  usage: { cpuUserMs: 1_500, cpuSystemMs: 500, peakRssBytes: 200 * MIB },
  peers: [
    { name: '10.0.0.1:6881 (libtorrent)', bytes: 300 * MIB },
    { name: '3 others', bytes: 100 * MIB },
  ],
  shards: [{ bytes: 400 * MIB, busy: 0.5, lagMs: 12 }],
  hashing: 0.4,
  fullestMemory: 0.1,
  machineBusy: 0.6,
  complete: false,
};

for (const [code, words, change] of [
  ['peers', /the peers or the network: our busiest shard is busy 50 %/, {}],
  ['peers', /no peer sent anything/, { receivedBytes: 0, rates: [] }],
  ['hashing', /busy 97 % of the time/, { hashing: 0.97, fullestMemory: 1 }],
  ['memory', /a larger --memory/, { fullestMemory: 1 }],
  [
    'shards',
    /a shard is busy 93 % of the time/,
    { shards: [...figures.shards, { bytes: 0, busy: 0.93, lagMs: 1 }] },
  ],
  ['machine', /96 % busy with unchoke and other programs/, { machineBusy: 0.96 }],
] as const)
  test(`the bottleneck: ${code} ${words.source}`, () => {
    const found = bottleneck({ ...figures, ...change });
    assert.equal(found.code, code);
    assert.match(found.text, words);
  });

test('the median second; the mean if there was no whole second', () => {
  assert.equal(medianRate(figures), 100 * MIB);
  assert.equal(medianRate({ ...figures, rates: [], ms: 500 }), 800 * MIB);
});

test('one screen, at most a line for each figure', () => {
  const lines = benchLines('x.bin', figures, '2 x CPU');
  assert.ok(lines.length <= 14);
  assert.equal(lines[0], 'Throughput of x.bin: 4.20 s from the first block');
  assert.equal(lines[2], 'rate       100.0 MiB/s in the median second   by second 20.0 MiB/s to 120.0 MiB/s');
  assert.equal(lines[3], '           ▂▇█▆');
  assert.match(lines[6] ?? '', /CPU 5\.12 s per GiB \(user 1\.50 s, system 500 ms\), peak memory 200\.0 MiB/);
  assert.match(lines[7] ?? '', /75 % 10\.0\.0\.1:6881 \(libtorrent\) · 25 % 3 others/);
});
