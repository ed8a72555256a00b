/** The decisions for web seeds: answers, waits, names, and how an incomplete download is reported. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { incompleteFailure, missingText } from '../../src/main/download/incomplete.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { usableWebSeeds, webSeedFiles } from '../../src/main/torrent/web-seed-files.ts';
import { BackOff, retryAfterMs } from '../../src/workers/web-seeds/back-off.ts';
import { webSeedRefusal } from '../../src/workers/web-seeds/local-web-seed.ts';
import { shouldTakeOver } from '../../src/workers/web-seeds/pace.ts';
import { FileLost, rangeAnswer, ServerBusy } from '../../src/workers/web-seeds/range-answer.ts';
import { dict, int, list, str } from '../support/torrents.ts';

const ASKED = { from: 100, to: 200, length: 1_000 };

test('a range, more of it, less of it and the whole file are used', () => {
  for (const [status, headers, answer] of [
    [206, { 'content-range': 'bytes 100-199/1000' }, { start: 100, end: 200, coding: null }],
    [206, { 'content-range': 'bytes 100-199/*' }, { start: 100, end: 200, coding: null }],
    [206, { 'content-range': 'Bytes 100-149/1000' }, { start: 100, end: 150, coding: null }],
    [206, { 'content-range': 'bytes 0-999/1000' }, { start: 0, end: 1_000, coding: null }],
    [206, { 'content-length': '100' }, { start: 100, end: 200, coding: null }],
    [200, { 'content-length': '1000' }, { whole: true, start: 0, end: 1_000, coding: null }],
    [200, {}, { whole: true, start: 0, end: 1_000, coding: null }],
    [
      206,
      { 'content-range': 'bytes 100-199/1000', 'content-encoding': 'gzip', 'content-length': '57' },
      { start: 100, end: 200, coding: 'gzip' },
    ],
    [
      206,
      { 'content-range': 'bytes 100-199/1000', 'content-encoding': 'x-gzip', 'content-length': '100' },
      { start: 100, end: 200, coding: null },
    ],
    [
      206,
      { 'content-range': 'bytes 0-399/400', 'content-encoding': 'gzip', 'content-length': '400' },
      { whole: true, start: 0, end: 1_000, coding: 'gzip' },
    ],
    [200, { 'content-encoding': 'br' }, { whole: true, start: 0, end: 1_000, coding: 'br' }],
  ] as const)
    assert.deepEqual(
      rangeAnswer(status, headers, ASKED),
      { whole: false, ...answer },
      JSON.stringify(headers),
    );
});

test('answers that are useless for the file say why', () => {
  for (const [status, headers, message] of [
    [404, {}, 'HTTP status 404'],
    [403, {}, 'HTTP status 403'],
    [204, {}, 'HTTP status 204'],
    [304, {}, 'HTTP status 304'],
    [416, {}, 'its file is shorter than the torrent says'],
    [206, { 'content-range': 'bytes 101-199/1000' }, 'it answers with a different range than we asked for'],
    [206, { 'content-range': 'bytes 0-99/1000' }, 'it answers with a different range than we asked for'],
    [
      206,
      { 'content-range': 'bytes 100-199/999' },
      "its file has 999 bytes, but the torrent's file has 1000",
    ],
    [206, {}, 'it does not say which part of the file it sends'],
    [206, { 'content-type': 'multipart/byteranges' }, 'it does not say which part of the file it sends'],
    [200, { 'content-length': '5' }, "its file has 5 bytes, but the torrent's file has 1000"],
    [200, { 'content-encoding': 'zstd' }, 'it sends zstd although we asked for plain bytes'],
    [200, { 'content-encoding': '\u001b[2J' }, 'it sends a packed body although we asked for plain bytes'],
    [
      206,
      { 'content-range': 'bytes 100-199/400', 'content-encoding': 'gzip', 'content-length': '99' },
      'it sends gzip although we asked for plain bytes',
    ],
  ] as const)
    assert.throws(
      () => rangeAnswer(status, headers, ASKED),
      (error: unknown) => error instanceof FileLost && error.message === message,
      `${status} ${JSON.stringify(headers)}`,
    );
});

test('a file without hashes: an answer of another version is not used', () => {
  const range = { 'content-range': 'bytes 100-199/1000' };
  const [early, late] = ['Thu, 01 Jan 1970 00:01:00 GMT', 'Thu, 01 Jan 1970 00:02:00 GMT'];
  for (const [modified, etag, headers, isUsed] of [
    [early, '"1"', { 'last-modified': early, etag: '"1"' }, true],
    // Servers of one name may have other tags.
    [early, '"1"', { 'last-modified': early, etag: '"2"' }, true],
    [early, '"1"', { 'last-modified': late, etag: '"1"' }, false],
    [early, null, {}, true],
    [null, '"1"', { etag: '"2"', 'last-modified': late }, false],
    [null, null, { etag: '"2"', 'last-modified': late }, true],
  ] as const) {
    const answer = () => rangeAnswer(206, { ...range, ...headers }, { ...ASKED, stamp: { modified, etag } });
    if (isUsed) assert.equal(answer().end, 200);
    else assert.throws(answer, { message: 'its file has changed since the download began' });
  }
  // The page of an error has a time of its own.
  const stamp = { modified: early, etag: null };
  const error = () => rangeAnswer(404, { 'last-modified': late }, { ...ASKED, stamp });
  assert.throws(error, { message: 'HTTP status 404' });
});

test('answers that mean "not now" give the time, if the server does', () => {
  for (const [status, headers, ms] of [
    [503, { 'retry-after': '10' }, 10_000],
    [429, { 'retry-after': ' 7 ' }, 7_000],
    [500, {}, null],
    [502, { 'retry-after': 'soon' }, null],
    [408, {}, null],
  ] as const)
    assert.throws(
      () => rangeAnswer(status, headers, ASKED),
      (error: unknown) => error instanceof ServerBusy && error.retryAfterMs === ms,
    );
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:01:00 GMT', 20_000), 40_000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:01:00 GMT', 90_000), 0);
});

test('waits double up to a limit; failures at the same time count once; a success resets them', () => {
  const backOff = new BackOff();
  const waits: number[] = [];
  for (let now = 1_000; waits.length < 8; now = backOff.until) {
    backOff.failed(now, null);
    backOff.failed(now + 1, null);
    waits.push(Math.floor((backOff.until - now) / 1_000));
  }
  assert.deepEqual(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
  backOff.succeeded();
  assert.equal(backOff.until, 0);
  backOff.failed(5_000, 86_400_000_000);
  assert.equal(backOff.until, 5_000 + 3_600_000, 'no server ends itself for the whole run');
});

test('a run is taken over by a web seed that is twice as fast, and by an untried one if it is very slow', () => {
  for (const [left, rate, helper, expected] of [
    [100_000, null, 1e6, false],
    [100_000, 10, 1e6, true],
    [100_000, 10, 15, false],
    [100_000, 90_000, 1e9, false],
    [100_000, 0, null, true],
    [100_000, 10, null, true],
    [100_000, 20_000, null, false],
    [100_000, 0, 0, false],
  ] as const)
    assert.equal(shouldTakeOver(left, rate, helper), expected, `${left} ${rate} ${helper}`);
});

test('names are sent in the bytes of the torrent, in each spelling; equal URLs count once', () => {
  const raw = (...bytes: number[]) => Buffer.concat([Buffer.from(`${bytes.length}:`), Buffer.from(bytes)]);
  const info = dict({
    files: list(
      dict({ length: int(3), path: list(raw(0xe4, 0x2f)), 'path.utf-8': list(str('ä/')) }),
      dict({ length: int(0), path: list(str('empty')) }),
      dict({ length: int(7), path: list(str('a b'), str('#1%.bin')) }),
    ),
    name: raw(0xff),
    'piece length': int(16_384),
    pieces: Buffer.concat([Buffer.from('20:'), Buffer.alloc(20)]),
  });
  const urls = [
    'http://one.test/x',
    'HTTP://One.test:80/x/',
    'http://one.test/x/#y',
    'http://two.test/x',
    'ftp://one.test/x',
    'http://',
  ];
  const torrent = dict({ info, 'url-list': list(...urls.map(str)) });
  const metainfo = parseMetainfo(torrent, 'test');
  assert.deepEqual(
    webSeedFiles(metainfo).map(({ names }) => names),
    [['%FF/%C3%A4%2F', '%FF/%E4%2F'], ['%FF/a%20b/%231%25.bin']],
  );
  assert.deepEqual(usableWebSeeds(metainfo), ['http://one.test/x', 'http://two.test/x']);
});

test('an incomplete download names its files, up to a bound', () => {
  const missing = Array.from({ length: 22 }, (_, i) => ({ path: `set/${i}`, reason: 'HTTP status 404' }));
  const failure = incompleteFailure(missing, '/out/set');
  assert.equal(failure.exitStatus, 6);
  assert.match(failure.message, /^22 files are incomplete.*set\/0 and 21 more.*\/out\/set$/);
  const lines = missingText(missing);
  assert.equal(lines.length, 21);
  assert.deepEqual([lines[0], lines[20]], ['incomplete: set/0 (HTTP status 404)', 'and 2 more']);
  assert.match(
    incompleteFailure(missing.slice(0, 1), '/o').message,
    /^1 file is incomplete.*: set\/0; the rest/,
  );
});

test('a web seed on our own network is asked only for the files of the torrent', () => {
  const refusal = (url: string, names: string[], reach: 'public' | 'private' | 'loopback' = 'loopback') =>
    webSeedRefusal(new URL(url), names, reach);
  const called = 'a web seed on our own network must have the name of the file in the torrent';
  const noQuery = 'a web seed on our own network may have no query';
  for (const [url, names] of [
    ['http://h/a.bin', ['a.bin']],
    ['http://h/deep/er/a%20b%23.bin', ['a%20b%23.bin']],
    // Two spellings of one path.
    ['http://h/%61b%c3%a9.x', ['ab%C3%A9.x']],
    ['http://h/d/set/x/y.z', ['other/x/y.z', 'set/x/y.z']],
    ['http://h/d/SHA256SUMS', ['SHA256SUMS']],
    ['http://h/d/set.php.txt', ['set.php.txt']],
  ] as const) {
    assert.equal(refusal(url, [...names]), null, url);
    assert.equal(refusal(url, [...names], 'private'), null, url);
  }
  for (const [url, names] of [
    ['http://h/admin/reboot', ['x']],
    ['http://h/admin/reboot', ['boot']],
    ['http://h/admin/', ['']],
    ['http://h/d/set/../../admin/reboot', ['set/../../admin/reboot']],
    ['http://h/other/y', ['set/y']],
  ] as const) {
    assert.equal(refusal(url, [...names]), called, url);
    assert.equal(refusal(url, [...names], 'private'), called, url);
    assert.equal(refusal(url, [...names], 'public'), null, url);
  }
  assert.equal(refusal('http://h/a.bin?reboot=1', ['a.bin']), noQuery);
  // The torrent names its file like this: its author chooses the name as well as the URL.
  const order = 'on our own network its name looks like a command to a server, not like a file';
  for (const [url, name] of [
    ['http://h/admin/reboot', 'reboot'],
    ['http://h/admin/reboot', 'admin/reboot'],
    ['http://h/admin/Reboot.', 'Reboot.'],
    ['http://h/.reboot', '.reboot'],
    ['http://h/reboot.cgi', 'reboot.cgi'],
    ['http://h/reboot.PHP', 'reboot.PHP'],
    ['http://h/reboot.cgi/a.bin', 'a.bin'],
    ['http://h/cgi-bin/reboot/a.bin', 'a.bin'],
    ['http://h/reboot;a.bin', 'reboot;a.bin'],
    ['http://h/reboot;x/a.bin', 'a.bin'],
    ['http://h/reboot%3bx/a.bin', 'a.bin'],
    ['http://h/reboot%00.bin', 'reboot%00.bin'],
  ] as const) {
    assert.equal(refusal(url, [name]), order, url);
    assert.equal(refusal(url, [name], 'private'), order, url);
    assert.equal(refusal(url, [name], 'public'), null, url);
  }
});
