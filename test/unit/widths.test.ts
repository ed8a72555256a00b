/** What is printed fits a terminal of 60 columns as well as one of 80, and no word is broken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsTable } from '../../src/main/cli/output/settings-table.ts';
import type { RaceReport, StageTimes } from '../../src/main/report/race-report.ts';
import { reportLines } from '../../src/main/report/report-text.ts';
import { wrapped } from '../../src/main/text/wrapped.ts';

const counts = { addresses: 1_000, connected: 210, handshaken: 190, unchoked: 12, gaveData: 9 };
const ms = { n: 190, p50: 115, p90: 8_150, p99: 10_090, max: 185_000 };
const row = (stage: StageTimes['stage'], family: string): StageTimes => ({ stage, family, ms });
const report: RaceReport = {
  strategy: 'first-unchoke',
  ttfuMs: 16_870,
  firstUnchoke: { peer: '127.16.0.35:40971', family: 'transmission', shard: 1 },
  firstBlockMs: 17_000,
  funnel: { ...counts, dialled: 1_000 },
  lost: [{ stage: 'handshaking', code: 'connect-timeout', count: 22 }],
  sources: ['udp://tracker.example.org:1337', 'DHT'].map((name) => ({ name, ...counts })),
  transports: ['tcp', 'utp'].map((name) => ({ name, ...counts })),
  stages: [
    ...[row('dial', 'all'), row('connect', 'all'), row('handshake', 'all')],
    ...[row('handshake', 'libtorrent'), row('handshake', 'transmission'), row('unchoke', 'transmission')],
  ],
  shards: [{ shard: 0, peers: 1_000, lagP50Ms: 1, lagP99Ms: 115, lagMaxMs: 455 }],
  peers: [],
  notKept: 0,
  blocked: 0,
  shortages: 0,
  blockBytes: 0,
  wastedBytes: 0,
  sentBytes: 0,
  peersGiven: 0,
  peersReturned: 0,
};

test('the race report: 80 columns need no wrapping, except for the words about threads', () => {
  for (const line of reportLines(report, 16_470)) assert.ok(line.length <= 80, `${line.length}: ${line}`);
});

test('the race report in 60 columns: bars and tables are narrower, and nothing of them is missing', () => {
  const lines = reportLines(report, 16_470, 60);
  const tables = lines.slice(lines.findIndex((line) => line.startsWith('addresses')));
  for (const line of tables)
    if (!line.startsWith('shard')) assert.ok(line.length < 60, `${line.length}: ${line}`);
  assert.match(lines.join('\n'), /^addresses +1000 {2}█{38}$/m);
  assert.match(lines.join('\n'), /^udp:\/\/tracker\.example\.org:1337\n +1000 +210 +190 +12 +9$/m);
  assert.deepEqual(
    lines.slice(
      lines.findIndex((line) => line.startsWith('how long')),
      -2,
    ),
    [
      'how long          peers      p50      p90      p99      max',
      'its turn            190   115 ms   8.15 s  10.09 s   3m 05s',
      'connect             190   115 ms   8.15 s  10.09 s   3m 05s',
      'handshake           190   115 ms   8.15 s  10.09 s   3m 05s',
      '  libtorrent        190   115 ms   8.15 s  10.09 s   3m 05s',
      '  transmission      190   115 ms   8.15 s  10.09 s   3m 05s',
      'unchoke',
      '  transmission      190   115 ms   8.15 s  10.09 s   3m 05s',
    ],
  );
});

test('a value of a setting that does not fit goes on below its beginning', () => {
  const value = '32 pieces, but 32 MiB to 128 MiB, at least one piece';
  const setting = {
    option: 'memory',
    variable: 'UNCHOKE_MEMORY',
    values: [{ commands: ['get'], value: [], from: 'default', otherwise: value, key: null }],
  } as unknown as Parameters<typeof settingsTable>[1][number];
  const file = { path: '/x', exists: true };
  assert.deepEqual(settingsTable(file, [setting], [], 48).slice(2), [
    'option  from     value',
    'memory  default  32 pieces, but 32 MiB to 128',
    '                 MiB, at least one piece',
  ]);
});

test('a continued line begins below the words of its first one', () => {
  assert.deepEqual(wrapped('1. no peer sends data to us, all make us wait', 30), [
    '1. no peer sends data to us,',
    '   all make us wait',
  ]);
  assert.deepEqual(wrapped('why: all 7 peers make us wait since a minute', 30), [
    'why: all 7 peers make us wait',
    '     since a minute',
  ]);
  assert.deepEqual(wrapped('  dialing     22  it did not answer within its time', 40), [
    '  dialing     22  it did not answer',
    '                  within its time',
  ]);
  assert.deepEqual(wrapped('電影 電影 電影 電影 電影', 10), ['電影 電影', '電影 電影', '電影']);
});
