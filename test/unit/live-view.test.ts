/** The block of lines that a terminal shows, at three widths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DownloadState, liveView } from '../../src/main/cli/output/live-view.ts';

const MIB = 2 ** 20;
const state: DownloadState = {
  name: 'a name that is long enough to be cut where there is little room for it.bin',
  verifiedBytes: 96 * MIB,
  wantedBytes: 128 * MIB,
  verifiedPieces: 384,
  wantedPieces: 512,
  rate: 5.5 * MIB,
  etaMs: 5_800,
  stretches: (count) => Array.from({ length: count }, (_, i) => 1 - i / (count - 1)),
  known: 1_000,
  peers: {
    queued: 0,
    dialing: 300,
    handshaking: 10,
    choked: 200,
    unchoked: 12,
    dialed: 1_100,
    connected: 350,
    blockBytes: 0,
  },
  fastest: [
    { name: '127.16.0.178:41667', client: 'libtorrent', rate: 3.2 * MIB },
    { name: '[::1]:6881', client: 'transmission', rate: 2 ** 19 },
  ],
  ttfuMs: 2_440,
  winner: '127.16.0.178:41667',
  shards: [
    { peers: 120, lagMs: 3.4 },
    { peers: 92, lagMs: 28 },
  ],
  hashBacklog: 2,
};

test('60 columns', () =>
  assert.deepEqual(liveView(state, { columns: 60, rows: 24 }), [
    'a name that is long enough …  75.0 %  5.5 MiB/s  eta 5.80 s',
    'pieces   █▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░ ',
    '         96.0 MiB of 128.0 MiB, 384 of 512 pieces',
    'peers    1000 known ▸ 1100 dials ▸ 350 connected ▸ 212 in …',
    'fastest  3.2 MiB/s 127.16.0.178:41667 (libtorrent) · 512.0…',
    'race     first unchoke after 2.44 s from 127.16.0.178:41667',
    'threads  shard 0: 120 peers, 3 ms late · shard 1: 92 peers…',
  ]));

for (const columns of [20, 60, 80, 140]) {
  test(`no line is wider than ${columns} columns, and no bar than sixty`, () => {
    const lines = liveView(state, { columns, rows: 24 });
    assert.equal(lines.length, 7);
    for (const line of lines) assert.ok(line.length < columns || columns === 20, line);
    assert.ok((lines[1] ?? '').trimEnd().length <= 69);
  });
}

test('140 columns show all of it', () => {
  const lines = liveView(state, { columns: 140, rows: 24 });
  assert.equal(lines[0], `${state.name}  75.0 %  5.5 MiB/s  eta 5.80 s`);
  assert.equal(
    lines[3],
    'peers    1000 known ▸ 1100 dials ▸ 350 connected ▸ 212 in session ▸ 12 unchoked us',
  );
  assert.equal(
    lines[6],
    'threads  shard 0: 120 peers, 3 ms late · shard 1: 92 peers, 28 ms late · 2 pieces to hash',
  );
});

test('140 columns name the fastest with their clients', () =>
  assert.equal(
    liveView(state, { columns: 140, rows: 24 })[4],
    'fastest  3.2 MiB/s 127.16.0.178:41667 (libtorrent) · 512.0 KiB/s [::1]:6881 (transmission)',
  ));

test('with little room the least important lines go first, and the order stays', () => {
  const labels = (rows: number) => liveView(state, { columns: 80, rows }).map((line) => line.split(' ')[0]);
  assert.deepEqual(labels(1), ['a']);
  assert.deepEqual(labels(3), ['a', 'pieces', 'peers']);
  assert.deepEqual(labels(6), ['a', 'pieces', '', 'peers', 'fastest', 'race']);
});

test('a stretch is full only when it is complete', () => {
  const stretches = () => [0, 0.01, 0.5, 0.99, 1];
  assert.equal(liveView({ ...state, stretches }, { columns: 80, rows: 24 })[1], 'pieces    ░▒▓█');
});

test('before the first unchoke', () => {
  assert.equal(
    liveView({ ...state, ttfuMs: null, winner: null, fastest: [] }, { columns: 80, rows: 24 })[5],
    'race     no peer has unchoked us yet',
  );
});
