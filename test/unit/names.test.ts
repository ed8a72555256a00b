import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistinctPaths } from '../../src/main/storage/names/distinct-paths.ts';
import { nameBeside } from '../../src/main/storage/names/name-beside.ts';
import { OTHER_CLIENTS } from '../../src/main/storage/names/other-clients.ts';
import { keyOf, marked, mended, type NameRules, platformRules } from '../../src/main/torrent/name-rules.ts';
import { bytesOfName, lengthOfName, nameOfBytes } from '../../src/shared/byte-name.ts';

const unix = platformRules('linux');
const windows = platformRules('win32');
const mac = platformRules('darwin');
const bytes = (latin1: string): Buffer => Buffer.from(latin1, 'latin1');

test('bytes that are not UTF-8 survive the way through a string', () => {
  const samples = [
    'plain',
    'caf\xe9',
    '\x80',
    '\xed\xa0\x80x',
    '\xf0\x9f\x98',
    'a\xff\xfeb',
    '\xc3\xa9\xe9',
    '\xf8\x88',
  ];
  for (const sample of samples) {
    const name = nameOfBytes(bytes(sample));
    assert.deepEqual(bytesOfName(name), bytes(sample));
    assert.equal(lengthOfName(name), sample.length);
    // JSON has them as escapes, and a reader gets the same string.
    assert.equal(JSON.parse(JSON.stringify(name)), name);
  }
  assert.equal(nameOfBytes(bytes('\xc3\xa9\xe9')), 'é\udce9');
  // This character is written as a surrogate pair that ends with one of the escapes.
  assert.equal(nameOfBytes(Buffer.from('💀')), '💀');
  assert.deepEqual(bytesOfName('💀\udcff'), Buffer.concat([Buffer.from('💀'), bytes('\xff')]));
});

/** The name, then what it becomes on Linux, macOS and Windows; the same as before where left out. */
const names: [string, string, string?, string?][] = [
  ['plain name.txt', 'plain name.txt'],
  ['Ünïcødé 日本語 🎉', 'Ünïcødé 日本語 🎉'],
  ['Part 1: end?.txt', 'Part 1: end?.txt', 'Part 1: end?.txt', 'Part 1_ end_.txt'],
  ['a\\b|c*d<e>"f"', 'a\\b|c*d<e>"f"', 'a\\b|c*d<e>"f"', 'a_b_c_d_e__f_'],
  ['Vol. 1. ', 'Vol. 1. ', 'Vol. 1. ', 'Vol. 1'],
  ['...', '...', '...', '_'],
  ['a\nb\x1b[31m', 'a\nb\x1b[31m', 'a\nb\x1b[31m', 'a_b_[31m'],
  ['con', 'con', 'con', '_con'],
  ['nul.txt', 'nul.txt', 'nul.txt', '_nul.txt'],
  ['COM¹.txt', 'COM¹.txt', 'COM¹.txt', '_COM¹.txt'],
  ['CONIN$', 'CONIN$', 'CONIN$', '_CONIN$'],
  ['con .txt', 'con .txt', 'con .txt', '_con .txt'],
  ['con a.txt', 'con a.txt', 'con a.txt', 'con a.txt'],
  ['bad\udcff', 'bad\udcff', 'bad_'],
  ['gpj.\u202eexe', 'gpj.exe'],
  ['..', '_'],
  ['.', '_'],
  ['', '_'],
  ['../../etc/passwd', '.._.._etc_passwd'],
  ['a\0b', 'a_b'],
  ['.hidden', '.hidden'],
];

for (const [name, onUnix, onMac = onUnix, onWindows = onMac] of names)
  test(`${JSON.stringify(name)} is changed for each platform`, () =>
    assert.deepEqual(
      [unix, mac, windows].map((rules) => mended(name, rules)),
      [onUnix, onMac, onWindows],
    ));

test('long names are cut to 255 bytes, between characters, and keep their extension', () => {
  const cut = mended(`${'日'.repeat(200)}.mkv`, unix);
  assert.equal(cut, `${'日'.repeat(83)}.mkv`);
  assert.equal(marked(cut, '.12', 255), `${'日'.repeat(82)}.12.mkv`);
  assert.equal(mended('\udcff'.repeat(300), unix).length, 255);
});

test('a name of a hundred thousand dots takes no time', () => {
  assert.equal(lengthOfName(mended(`${'.'.repeat(100_000)}x`, windows)), 255);
});

function distinct(rules: NameRules, ...paths: string[]): string[] {
  const all = paths.map((path) => path.split('/'));
  const paths_ = new DistinctPaths(all, rules);
  const made = all.map((path) => paths_.add(path).join('/'));
  assert.equal(new Set(made.map((path) => keyOf(path, rules))).size, made.length);
  return made;
}

test('names that differ for the file system stay unchanged', () => {
  const paths = ['t/Read.me', 't/read.me', 't/e\u0301', 't/\u00e9'];
  assert.deepEqual(distinct(unix, ...paths), paths);
  assert.deepEqual(distinct(mac, ...paths), ['t/Read.me', 't/read.1.me', 't/e\u0301', 't/\u00e9.1']);
});

test('equal names are numbered, as libtorrent numbers them', () => {
  assert.deepEqual(distinct(unix, 't/a.txt', 't/a.txt', 't/a.txt', 't/b', 't/b'), [
    't/a.txt',
    't/a.1.txt',
    't/a.2.txt',
    't/b',
    't/b.1',
  ]);
  assert.deepEqual(distinct(unix, 't/a', 't/a', 't/a.1'), ['t/a', 't/a.2', 't/a.1'], 'a.1 is asked for');
});

test('a file in the way of a folder is renamed, whichever comes first', () => {
  assert.deepEqual(distinct(unix, 't/f', 't/f/in', 't/f g'), ['t/f.1', 't/f/in', 't/f g']);
  assert.deepEqual(distinct(unix, 't/f/in', 't/f'), ['t/f/in', 't/f.1']);
});

test('thousands of equal names, and of long names that are cut alike, take no time', () => {
  const equal = Array.from({ length: 20_000 }, () => 't/same');
  assert.equal(distinct(unix, ...equal).at(-1), 't/same.19999');
  const long = Array.from(
    { length: 2_000 },
    (_, i) => `t/${'l'.repeat(250)}${String(i % 1_000).padStart(5, '0')}`,
  );
  assert.ok(distinct(unix, ...long).every((path) => lengthOfName(path) <= 257));
});

test('the name that each other client makes, as seen in libtorrent 2.0.8, aria2 1.37 and transmission 3', () => {
  const cases: [string, string, string | null, string][] = [
    ['a:b', 'a:b', 'a:b', 'a_b'],
    ['a\\b.txt', 'ab.txt', 'a\\b.txt', 'a_b.txt'],
    ['Vol. 1.', 'Vol. 1.', 'Vol. 1.', 'Vol. 1'],
    [' x ', ' x ', ' x ', 'x'],
    ['t\u202egpj', 'tgpj', 't\u202egpj', 't\u202egpj'],
    ['con', 'con', 'con', 'con_'],
    ['aux.a.txt', 'aux.a.txt', 'aux.a.txt', 'aux_.a.txt'],
    ['a\x1bb', 'a_b', 'a%1Bb', 'a_b'],
    ['a/b', 'ab', 'a/b', 'a_b'],
    ['\x7f', '\x7f', '%7F', '\x7f'],
    ['bad\udce9\udce8.txt', 'bad_txt', 'bad%E9%E8.txt', 'badéè.txt'],
    ['bad \udce9 x.txt', 'bad _.txt', 'bad%20%E9%20x.txt', 'bad é x.txt'],
    ['..', '_', null, ''],
    [`${'n'.repeat(251)}.txt`, `${'n'.repeat(240)}.txt`, `${'n'.repeat(251)}.txt`, `${'n'.repeat(251)}.txt`],
    ['q'.repeat(255), 'q'.repeat(240), 'q'.repeat(255), 'q'.repeat(255)],
  ];
  for (const [name, ...expected] of cases) {
    const seen = OTHER_CLIENTS.map(
      (client) =>
        client([['t', name]], 'hash')[0]
          ?.slice(1)
          .join('/') ?? null,
    );
    assert.deepEqual(
      seen,
      [expected[0], expected[1], expected[2] === '' ? null : expected[2]],
      JSON.stringify(name),
    );
  }
});

test('libtorrent: names that differ by case get numbers, empty elements are dropped, folders keep their names', () => {
  const [libtorrent] = OTHER_CLIENTS;
  const paths = [
    't/ReadMe.md',
    't/readme.md',
    't/A/x',
    't/a/x',
    't/f',
    't/f/in',
    't/a/../b',
    't/a/./c',
    't/a//d',
  ];
  assert.deepEqual(
    libtorrent?.(
      paths.map((path) => path.split('/')),
      'hash',
    ).map((path) => path?.join('/')),
    ['t/ReadMe.md', 't/readme.1.md', 't/A/x', 't/a/x.1', 't/f.1', 't/f/in', 't/a/b', 't/a/c', 't/a/_/d'],
  );
  assert.deepEqual(libtorrent?.([['..', 'x']], 'hash'), [['hash', 'x']]);
});

test('a file beside a download has its name, or a unique part of it', () => {
  assert.equal(nameBeside('x.iso', '.unchoke'), 'x.iso.unchoke');
  const one = nameBeside(`${'語'.repeat(84)}1`, '.unchoke');
  const other = nameBeside(`${'語'.repeat(84)}2`, '.unchoke');
  assert.match(one, /^語{72}-[0-9a-f]{12}\.unchoke$/);
  assert.ok(one !== other && Buffer.byteLength(`${one}.new`) <= 255);
  assert.match(nameBeside('bad\udcff', '.unchoke'), /^bad_-[0-9a-f]{12}\.unchoke$/);
});
