/** The block of lines that a terminal shows, at three widths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DownloadState, liveView, plainLine } from '../../src/main/cli/output/live-view.ts';
import { PLAIN, paintFor } from '../../src/main/cli/output/paint.ts';
import { peersText } from '../../src/main/cli/output/peers-text.ts';
import { ReceivedBytes } from '../../src/main/cli/output/received-bytes.ts';

const MIB = 2 ** 20;
const state: DownloadState = {
  name: 'a name that is long enough to be cut where there is little room for it.bin',
  verifiedBytes: 96 * MIB,
  receivedBytes: 96 * MIB,
  wantedBytes: 128 * MIB,
  verifiedPieces: 384,
  wantedPieces: 512,
  rate: 5.5 * MIB,
  leftMs: 5_818,
  elapsedMs: 18_400,
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
    nodeBytes: 0,
    sentBytes: 0,
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
  cluster: '',
};

const VERBOSE = { paint: PLAIN, verbose: true };

test('60 columns: how far, how fast, how long, and who sends', () =>
  assert.deepEqual(liveView(state, { columns: 60, rows: 24 }), [
    'a name that is long enough to…  75.0 %  5.5 MiB/s  6 s left',
    `${'━'.repeat(44)}${'─'.repeat(15)}`,
    '96.0 MiB of 128.0 MiB in 18 s, 384 of 512 pieces',
    '12 peers unchoked us, 200 make us wait, 300 are dialled',
  ]));

for (const columns of [20, 60, 80, 140]) {
  test(`no line is wider than ${columns} columns, and no bar than sixty`, () => {
    const lines = liveView(state, { columns, rows: 24 }, VERBOSE);
    assert.equal(lines.length, 8);
    for (const line of lines) assert.ok(line.length < columns || columns === 20, line);
    assert.ok((lines[1] ?? '').length <= 60);
  });
}

test('verbose, in 140 columns: what pieces, peers, race and threads do', () =>
  assert.deepEqual(liveView(state, { columns: 140, rows: 24 }, VERBOSE), [
    `${state.name}  75.0 %  5.5 MiB/s  6 s left`,
    `${'━'.repeat(45)}${'─'.repeat(15)}`,
    '96.0 MiB of 128.0 MiB in 18 s, 384 of 512 pieces',
    '12 peers unchoked us, 200 make us wait, 300 are dialled (1000 known)',
    `pieces   █${'▓'.repeat(19)}${'▒'.repeat(20)}${'░'.repeat(19)} `,
    'fastest  3.2 MiB/s 127.16.0.178:41667 (libtorrent) · 512.0 KiB/s [::1]:6881 (transmission)',
    'race     first unchoke after 2.44 s from 127.16.0.178:41667; 1100 dials, 350 connected',
    'threads  shard 0: 120 peers, 3 ms late · shard 1: 92 peers, 28 ms late · 2 pieces to hash',
  ]));

test('with little room the least important lines go first, and the order stays', () => {
  const labels = (rows: number) =>
    liveView(state, { columns: 80, rows }, VERBOSE).map((line) => line.split(' ')[0]?.slice(0, 7));
  assert.deepEqual(labels(1), ['a']);
  assert.deepEqual(labels(3), ['a', '━━━━━━━', '96.0']);
  assert.deepEqual(labels(6), ['a', '━━━━━━━', '96.0', '12', 'pieces', 'fastest']);
});

test('a stretch is full only when it is complete', () => {
  const stretches = () => [0, 0.01, 0.5, 0.99, 1];
  assert.equal(liveView({ ...state, stretches }, { columns: 80, rows: 24 }, VERBOSE)[4], 'pieces    ░▒▓█');
});

test('without data there is no rate and no time that nobody can know, and the reason stands out', () => {
  const peers = { ...state.peers, unchoked: 0, choked: 1, dialing: 0 };
  const waiting = {
    ...state,
    verifiedBytes: 0,
    receivedBytes: 0,
    rate: 0,
    ttfuMs: null,
    winner: null,
    fastest: [],
    peers,
  };
  const lines = liveView(
    waiting,
    { columns: 100, rows: 24 },
    { paint: paintFor('always', {}), verbose: true },
  );
  assert.equal(lines[0], `\u001b[1m${state.name}\u001b[22m  0.0 %`);
  assert.equal(lines[3], '\u001b[31mno peer sends yet, 1 makes us wait (1000 known)\u001b[39m');
  assert.equal(lines[6], 'race     no peer has unchoked us yet; 1100 dials, 350 connected');
  const silent = { ...waiting, peers: { ...peers, unchoked: 1 } };
  assert.match(
    liveView(silent, { columns: 100, rows: 24 })[3] ?? '',
    /^1 peer unchoked us, but no data comes/,
  );
});

test('what has arrived of unfinished pieces counts, and all is there only when it is verified', () => {
  const slow = { ...state, verifiedBytes: 0, receivedBytes: 32 * MIB, verifiedPieces: 0, wantedPieces: 8 };
  const [head, bar, amounts] = liveView(slow, { columns: 60, rows: 24 });
  assert.match(head ?? '', / {2}25\.0 % {2}/);
  assert.equal(bar, `${'━'.repeat(14)}${'─'.repeat(45)}`);
  assert.equal(amounts, '32.0 MiB of 128.0 MiB in 18 s, 0 of 8 pieces');
  assert.match(plainLine(slow), /^25\.0 % of/);
  const hashing = { ...slow, receivedBytes: 128 * MIB };
  assert.match(plainLine(hashing), /^99\.9 % of/);
  assert.equal(liveView(hashing, { columns: 60, rows: 24 })[1], `${'━'.repeat(58)}─`);
  assert.match(plainLine({ ...hashing, verifiedBytes: 128 * MIB }), /^100\.0 % of/);
  const tag = (kind: string, text: string): string => `<${kind} ${text}>`;
  const half = { ...slow, verifiedBytes: 64 * MIB, receivedBytes: 96 * MIB };
  const coloured = liveView(half, { columns: 21, rows: 24 }, { paint: tag, verbose: false });
  assert.equal(coloured[1], `<good ${'━'.repeat(10)}>${'━'.repeat(5)}<faint ${'─'.repeat(5)}>`);
});

test('what is shown as received goes back only after a bad piece', () => {
  const received = new ReceivedBytes();
  assert.deepEqual(
    [5, 3, 6].map((bytes) => received.shown(bytes)),
    [5, 5, 6],
  );
  received.pieceFailed();
  assert.equal(received.shown(2), 2);
});

test('a line of progress in a pipe', () => {
  assert.equal(
    plainLine(state),
    '75.0 % of 128.0 MiB in 18 s  5.5 MiB/s  6 s left  12 peers unchoked us, 200 make us wait, 300 are dialled (1000 known)',
  );
  const peers = { ...state.peers, unchoked: 0, choked: 9, dialing: 22 };
  const early = {
    ...state,
    verifiedBytes: 0,
    receivedBytes: 0,
    leftMs: null,
    ttfuMs: null,
    known: 40,
    rate: 12.8 * 2 ** 10,
    peers,
  };
  assert.equal(
    plainLine(early),
    '0.0 % of 128.0 MiB in 18 s  12.8 KiB/s  no peer sends yet, 9 make us wait, 22 are dialled (40 known)',
  );
});

test('a race that asks for no data has the words of a download', () => {
  const peers = { ...state.peers, unchoked: 1, choked: 10, dialing: 0 };
  const text = (unchoked: number, hasBegun: boolean): string =>
    peersText({ known: 100, peers: { ...peers, unchoked }, rate: null, hasBegun });
  assert.equal(text(0, false), 'no peer sends yet, 10 make us wait (100 known)');
  assert.equal(text(0, true), 'no peer sends now, 10 make us wait (100 known)');
  assert.equal(text(1, true), '1 peer unchoked us, 10 make us wait (100 known)');
});

test('what is given names no count: the peers that get data now are not those that got it', () => {
  const peers = { ...state.peers, sentBytes: 2 ** 19 };
  const lines = liveView({ ...state, peers }, { columns: 100, rows: 24 });
  assert.equal(lines[2], '96.0 MiB of 128.0 MiB in 18 s, 384 of 512 pieces; 512.0 KiB given to peers');
});

test('a time that nobody can know is left out, and after the first unchoke nobody sends `now`', () => {
  const peers = { ...state.peers, unchoked: 0, dialing: 0 };
  const lines = liveView({ ...state, leftMs: null, peers }, { columns: 140, rows: 24 });
  assert.equal(lines[0], `${state.name}  75.0 %  5.5 MiB/s`);
  assert.equal(lines[3], 'no peer sends now, 200 make us wait (1000 known)');
});

test('colours: only on a terminal that has them, unless the user chooses', () => {
  const terminal = { isTTY: true, hasColors: () => true } as unknown as NodeJS.WriteStream;
  const dumb = { isTTY: true, hasColors: () => false } as unknown as NodeJS.WriteStream;
  const isColoured = (...of: Parameters<typeof paintFor>): boolean => paintFor(...of)('bad', 'x') !== 'x';
  assert.deepEqual(
    [
      isColoured('auto', terminal),
      isColoured('auto', dumb),
      isColoured('auto', {}),
      isColoured('never', terminal),
    ],
    [true, false, false, false],
  );
  assert.equal(isColoured('always', {}), true);
});

test('a name cannot control the terminal', () => {
  const lines = liveView({ ...state, name: 'a\u001b[2Jb\nc' }, { columns: 80, rows: 24 });
  assert.ok(
    lines.every((line) => !line.includes('\u001b') && !line.includes('\n')),
    lines[0],
  );
});
