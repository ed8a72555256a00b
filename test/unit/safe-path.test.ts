import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistinctPaths, safeElement } from '../../src/main/torrent/safe-path.ts';

const cases: [string, string | null][] = [
  ['plain name.txt', 'plain name.txt'],
  ['Ünïcødé 日本語 🎉', 'Ünïcødé 日本語 🎉'],
  ['..', null],
  ['.', null],
  ['', null],
  ['   ', null],
  ['../../etc/passwd', '.._.._etc_passwd'],
  ['/etc/passwd', '_etc_passwd'],
  ['C:\\windows', 'C__windows'],
  ['a\0b', 'a_b'],
  ['carriage\rreturn', 'carriage_return'],
  ['\x1b[31mred', '_[31mred'],
  ['gpj.\u202eexe', 'gpj._exe'],
  ['trailing dots...', 'trailing dots'],
  ['.hidden', '.hidden'],
  ['CON', '_CON'],
  ['nul.txt', '_nul.txt'],
  ['console', 'console'],
];

for (const [name, safe] of cases)
  test(`${JSON.stringify(name)} becomes ${JSON.stringify(safe)}`, () =>
    assert.equal(safeElement(name), safe));

test('long names are cut to 255 bytes, between characters, and keep their extension', () => {
  const safe = safeElement(`${'日'.repeat(200)}.mkv`);
  assert.ok(safe !== null && Buffer.byteLength(safe) <= 255 && safe.endsWith('日.mkv'));
});

test('paths that a filesystem would take for the same are told apart', () => {
  const paths = new DistinctPaths();
  const add = (path: string): string => paths.add(path.split('/')).join('/');
  assert.equal(add('t/Read.me'), 't/Read.me');
  assert.equal(add('t/read.me'), 't/read (2).me');
  assert.equal(add('t/READ.ME'), 't/READ (3).ME');
  assert.equal(add('t/Read.me/inner'), 't/Read (4).me/inner', 'a folder where a file is');
  assert.equal(add('t/Read.me/other'), 't/Read (4).me/other', 'and all its files with it');
  assert.equal(add('t/sub/x'), 't/sub/x');
  assert.equal(add('t/sub'), 't/sub (2)', 'a file where a folder is');
  assert.equal(add('t/e\u0301'), 't/e\u0301');
  assert.equal(add('t/\u00e9'), 't/\u00e9 (2)', 'the same letter, written in two ways');
});

test('thousands of equal names take no time', () => {
  const paths = new DistinctPaths();
  for (let i = 0; i < 20_000; i++) paths.add(['t', 'same']);
  assert.equal(paths.add(['t', 'same'])[1], 'same (20001)');
});
