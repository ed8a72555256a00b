import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { dict, int, list, str, torrentOf } from '../support/torrents.ts';

const parse = (bytes: Buffer) => parseMetainfo(bytes, 'x.torrent');

function withoutLength(fields: Record<string, Buffer>): Buffer {
  return dict({
    info: dict({ name: str('set'), 'piece length': int(16_384), pieces: str(Buffer.alloc(20)), ...fields }),
  });
}

test('a single file', () => {
  const torrent = parse(torrentOf({}, { announce: str('http://t.example/announce'), comment: str('hi') }));
  assert.equal(torrent.name, 'file.bin');
  assert.deepEqual(torrent.files, [
    {
      path: ['file.bin'],
      rawPath: ['file.bin'],
      urlSpellings: [['file.bin']],
      length: 100,
      offset: 0,
      padding: false,
      link: null,
    },
  ]);
  assert.deepEqual(torrent.trackers, [['http://t.example/announce']]);
  assert.equal(torrent.comment, 'hi');
});

test('no more trackers are kept than can be asked at once', () => {
  const tiers = list(...Array.from({ length: 500 }, (_, i) => list(str(`http://t${i}/a`))));
  assert.equal(parse(torrentOf({}, { 'announce-list': tiers })).trackers.length, 100);
});

test('the info hash is that of the original bytes, sorted or not', () => {
  const info = 'd4:name1:x6:lengthi5e12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae';
  const torrent = parse(Buffer.from(`d4:info${info}e`));
  assert.equal(Buffer.from(torrent.infoHash).toString('hex'), createHash('sha1').update(info).digest('hex'));
});

test('many files, padding among them (BEP 47), lengths of zero', () => {
  const files = list(
    dict({ length: int(10), path: list(str('a'), str('one')) }),
    dict({ attr: str('p'), length: int(6), path: list(str('.pad'), str('6')) }),
    dict({ length: int(0), path: list(str('empty')) }),
    dict({ length: int(16), path: list(str('b')) }),
  );
  const torrent = parse(withoutLength({ files }));
  assert.deepEqual(
    torrent.files.map(({ path, offset, length, padding }) => [path.join('/'), offset, length, padding]),
    [
      ['set/a/one', 0, 10, false],
      ['set/.pad/6', 10, 6, true],
      ['set/empty', 16, 0, false],
      ['set/b', 16, 16, false],
    ],
  );
});

test('trackers: announce-list replaces announce, tier by tier (BEP 12); web seeds of one or many (BEP 19)', () => {
  const torrent = parse(
    torrentOf(
      {},
      {
        announce: str('http://old/announce'),
        'announce-list': list(list(str('http://a/x'), str('udp://b:1')), list(), list(str('http://c/x'))),
        'url-list': str('http://w/1'),
      },
    ),
  );
  assert.deepEqual(torrent.trackers, [['http://a/x', 'udp://b:1'], ['http://c/x']]);
  assert.deepEqual(torrent.webSeeds, ['http://w/1']);
});

test('an announce-list without trackers leaves announce', () => {
  assert.deepEqual(
    parse(torrentOf({}, { announce: str('http://a/x'), 'announce-list': list(list()) })).trackers,
    [['http://a/x']],
  );
});

test('duplicate keys, leading zeros, bytes after the end: read as by others, and the info hash is of the raw bytes', () => {
  const info =
    'd4:name1:x6:lengthi005e4:name1:y12:piece lengthi16384e6:pieces020:aaaaaaaaaaaaaaaaaaaa7:privatei-0ee';
  const second = info.replace('4:name1:x', '4:name1:z');
  const torrent = parse(Buffer.from(`d4:info${info}4:info${second}e\r\n`));
  assert.equal(Buffer.from(torrent.infoHash).toString('hex'), createHash('sha1').update(info).digest('hex'));
  assert.deepEqual([torrent.name, torrent.geometry.totalLength, torrent.private], ['x', 5, false]);
});

test('private is any integer but zero (BEP 27)', () => {
  for (const [flag, expected] of [
    ['i0e', false],
    ['i-0e', false],
    ['i00e', false],
    ['i1e', true],
    ['i2e', true],
    ['i-1e', true],
    ['i007e', true],
    [`i1${'0'.repeat(400)}e`, true],
    ['1:1', false],
    ['le', false],
  ] as const)
    assert.equal(parse(torrentOf({ private: Buffer.from(flag) })).private, expected, flag);
});

test('trackers in any form are read up to the same limit: a flat announce-list, announce as a list, a list in a list', () => {
  const urls = (count: number) => list(...Array.from({ length: count }, (_, i) => str(`http://t${i}/a`)));
  const count = (top: Record<string, Buffer>) =>
    parse(torrentOf({}, top)).trackers.map((tier) => tier.length);
  assert.deepEqual(count({ announce: urls(500) }), [100]);
  assert.deepEqual(count({ 'announce-list': list(urls(30), urls(500)) }), [30, 70]);
  assert.deepEqual(count({ 'announce-list': urls(3) }), [1, 1, 1]);
  assert.deepEqual(count({ 'announce-list': list(list(urls(2), str('http://x/a'))) }), [3]);
  assert.equal(parse(torrentOf({}, { 'url-list': urls(500) })).webSeeds.length, 100);
});

test('private (BEP 27) and names in UTF-8', () => {
  const torrent = parse(torrentOf({ private: int(1), 'name.utf-8': str('Ünïcode') }));
  assert.equal(torrent.private, true);
  assert.equal(torrent.name, 'Ünïcode');
});

test('a name is never a reason to refuse a torrent', () => {
  const nameless = parse(
    dict({ info: dict({ length: int(1), 'piece length': int(1), pieces: str(Buffer.alloc(20)) }) }),
  );
  assert.equal(nameless.name, Buffer.from(nameless.infoHash).toString('hex'));
  for (const name of ['', '.', '..', '\u202e']) {
    const torrent = parse(torrentOf({ name: str(name) }));
    assert.equal(torrent.name, Buffer.from(torrent.infoHash).toString('hex'), JSON.stringify(name));
  }
  const paths = [undefined, list(), list(int(3)), str('bare'), list(str('a'), str('..')), list(str(''))];
  const files = list(
    ...paths.map((path) => dict({ length: int(1), ...(path === undefined ? {} : { path }) })),
  );
  assert.deepEqual(
    parse(withoutLength({ files })).files.map(({ path }) => path.slice(1).join('/')),
    ['_', '_', '_', 'bare', 'a/_', '_'],
  );
});

test('padding needs no path (BEP 47), and BitComet’s padding is recognized by its name', () => {
  const bitcomet = '_____padding_file_0_if you see this file, please update to BitComet 0.85 or above____';
  const files = list(
    dict({ length: int(10), path: list(str('a')) }),
    dict({ attr: str('p'), length: int(6) }),
    dict({ length: int(16), path: list(str('b')) }),
    dict({ length: int(16), path: list(str('d'), str(bitcomet)) }),
  );
  assert.deepEqual(
    parse(withoutLength({ files })).files.map(({ padding }) => padding),
    [false, true, false, true],
  );
});

const bad: [string, Buffer, RegExp][] = [
  ['no bencode', Buffer.from('<x>'), /not a bencoded value at byte 0/],
  ['no dictionary', Buffer.from('le'), /not a dictionary/],
  ['no info', dict({ announce: str('x') }), /no "info"/],
  [
    'version 2 without its files',
    dict({ info: dict({ 'meta version': int(2), name: str('x'), 'piece length': int(16_384) }) }),
    /"file tree" is not a dictionary/,
  ],
  ['no pieces', dict({ info: dict({ name: str('x'), length: int(1) }) }), /no "pieces"/],
  ['too few hashes', torrentOf({ length: int(16_385) }), /holds 1 hashes, but there are 2 pieces/],
  ['half a hash', torrentOf({ pieces: str(Buffer.alloc(30)) }), /holds 1.5 hashes/],
  ['no length', withoutLength({}), /is missing or negative/],
  ['a negative length', torrentOf({ length: int(-1) }), /is missing or negative/],
  ['nothing in it', torrentOf({ length: int(0), pieces: str('') }), /total length 0 is not a positive/],
  ['a piece length of 0', torrentOf({ 'piece length': int(0) }), /piece length 0 is not between/],
  ['a huge piece length', torrentOf({ 'piece length': int(2 ** 40) }), /piece length 1099511627776/],
  ['too many pieces', torrentOf({ length: int(2 ** 40), 'piece length': int(1) }), /pieces are more than/],
  ['files that are none', withoutLength({ files: int(1) }), /not a list of files/],
];

for (const [name, bytes, message] of bad) {
  test(`refused with its reason and exit status 3: ${name}`, () => {
    assert.throws(
      () => parse(bytes),
      (error) =>
        error instanceof Failure &&
        error.exitStatus === 3 &&
        message.test(error.message) &&
        error.message.startsWith('x.torrent'),
    );
  });
}
