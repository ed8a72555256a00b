/** The paths of a torrent's files, beside real files. */
import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { after, test } from 'node:test';
import { placesOf } from '../../src/main/storage/names/places.ts';
import { linksOf, makeLinks } from '../../src/main/storage/names/torrent-links.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { platformRules } from '../../src/main/torrent/name-rules.ts';
import { bytesOfName, diskPath } from '../../src/shared/byte-name.ts';
import { SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { Folder } from '../../src/shared/folder.ts';
import { temporaryFolder } from '../support/cli.ts';
import { dice } from '../support/dice.ts';
import { dict, int, list, str } from '../support/torrents.ts';

const base = temporaryFolder();
/** As the output folder of a run. */
function held(path: string): { base: string; root: Folder } {
  const root = Folder.open(path);
  after(() => root.close());
  return { base: path, root };
}

const newFolder = (): string => mkdtempSync(join(base, 'o-'));
const path = (text: string): Buffer => list(...text.split('/').map((name) => str(bytesOfName(name))));

function torrent(name: string, files: readonly Buffer[]) {
  const info = dict({
    files: list(...files),
    name: str(bytesOfName(name)),
    'piece length': int(16_384),
    pieces: str(Buffer.alloc(20)),
  });
  return parseMetainfo(dict({ info }), 'x.torrent');
}
const file = (text: string): Buffer => dict({ length: int(1), path: path(text) });
const filesOf = (name: string, ...paths: string[]) => torrent(name, paths.map(file));

function put(folder: string, ...paths: string[]): void {
  for (const one of paths) {
    mkdirSync(diskPath(join(folder, dirname(one))), { recursive: true });
    writeFileSync(diskPath(join(folder, one)), 'x');
  }
}

function places(
  metainfo: ReturnType<typeof torrent>,
  folder: string,
  rules = platformRules('linux'),
): string[] {
  return placesOf(metainfo, folder, SYSTEM_FILES, rules).paths.map((at) => relative(folder, at ?? ''));
}

test('no file there: the names of the torrent, changed where they are impossible', () => {
  const odd = filesOf('..', 'a:b', 'x/../y', 'x//y', 'bad\udcff', 'a\u202eb', 'ab');
  const root = Buffer.from(odd.infoHash).toString('hex');
  assert.equal(odd.name, root);
  assert.deepEqual(
    places(odd, newFolder()),
    ['a:b', 'x/_/y', 'x/_/y.1', 'bad\udcff', 'ab.1', 'ab'].map((one) => `${root}/${one}`),
  );
});

test('an existing exact name is used', () => {
  const folder = newFolder();
  put(folder, 't\u200e/a\u202eb', 't\u200e/bad\udcff', 't\u200e/ab');
  assert.deepEqual(places(filesOf('t\u200e', 'a\u202eb', 'bad\udcff', 'ab', 'new'), folder), [
    't\u200e/a\u202eb',
    't\u200e/bad\udcff',
    't\u200e/ab',
    't\u200e/new',
  ]);
});

test('an existing name of another client is used', () => {
  const torrents = filesOf('a:b', 'ReadMe.md', 'readme.md', 'x\x1by', 'bad\udcff', 'q\\r');
  for (const there of [
    ['a:b', 'ReadMe.md', 'readme.1.md', 'x_y', 'bad_', 'qr'],
    ['a:b', 'ReadMe.md', 'readme.md', 'x%1By', 'bad%FF', 'q\\r'],
    ['a_b', 'ReadMe.md', 'readme.md', 'x_y', 'badÿ', 'q_r'],
  ]) {
    const [root, ...below] = there;
    const folder = newFolder();
    const paths = below.map((one) => `${root}/${one}`);
    put(folder, ...paths);
    assert.deepEqual(places(torrents, folder), paths);
  }
  const single = newFolder();
  put(single, 'a_b');
  const info = dict({
    length: int(1),
    name: str('a:b'),
    'piece length': int(16_384),
    pieces: str(Buffer.alloc(20)),
  });
  const one = placesOf(parseMetainfo(dict({ info }), 'x'), single);
  assert.deepEqual([one.root, one.paths], [join(single, 'a_b'), [join(single, 'a_b')]]);
});

test('in a path that is too long for the system, the folders become one', () => {
  const folder = newFolder();
  const deep = `${'d'.repeat(200)}/`.repeat(25);
  const found = places(filesOf('t', `${deep}x`, `${deep}y`, 'z'), folder);
  assert.match(found[0] ?? '', /^t\/_[0-9a-f]{16}\/x$/);
  assert.equal(dirname(found[0] ?? ''), dirname(found[1] ?? ''));
  put(folder, ...found);
  const steps = filesOf('d', `${'a/'.repeat(20_000)}a`);
  assert.match(places(steps, newFolder())[0] ?? '', /^d\/_[0-9a-f]{16}\/a$/);
});

/** Names that are easily taken for each other, and bytes of all kinds. */
function name(roll: (below: number) => number): string {
  const parts = [
    'a',
    'A',
    '.',
    ' ',
    ':',
    '\\',
    '\u202e',
    '\n',
    '\udcff',
    'é',
    'e\u0301',
    '_',
    '.1',
    'con',
    '..',
    '',
    'l'.repeat(250),
  ];
  return Array.from({ length: 1 + roll(3) }, () => parts[roll(parts.length)] ?? '').join('');
}

test('random names: all places differ, and stay the same whichever files exist', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const rules = platformRules(platform);
    for (let seed = 1; seed <= 12; seed++) {
      const roll = dice(seed);
      const paths = Array.from({ length: 12 }, () =>
        Array.from({ length: 1 + roll(2) }, () => name(roll)).join('/'),
      );
      const metainfo = filesOf('t', ...paths);
      const folder = newFolder();
      const fresh = places(metainfo, folder, rules);
      assert.equal(new Set(fresh).size, paths.length, `${platform}, seed ${seed}`);
      assert.ok(fresh.every((one) => one.startsWith('t/') && !one.split('/').includes('..')));
      put(folder, ...fresh.filter(() => roll(3) > 0));
      assert.deepEqual(places(metainfo, folder, rules), fresh, `${platform}, seed ${seed}, some are there`);
      put(folder, ...fresh);
      assert.deepEqual(places(metainfo, folder, rules), fresh, `${platform}, seed ${seed}, all are there`);
    }
  }
});

test('symbolic links (BEP 47) are made only if they provably stay inside the torrent', () => {
  const link = (at: string, target: string): Buffer =>
    dict({ attr: str('l'), path: path(at), 'symlink path': path(target) });
  const metainfo = torrent('t', [
    file('d/a'),
    link('second', 'sub/first'),
    link('sub/first', 'd/a'),
    link('folder', 'd'),
    link('outside', '../../etc/passwd'),
    link('absolute', '/etc/passwd'),
    link('nowhere', 'nope'),
    link('self', 'self'),
    link('round', 'about'),
    link('about', 'round'),
    link('through', 'folder/a'),
    link('taken', 'd/a'),
  ]);
  assert.deepEqual([metainfo.geometry.totalLength, metainfo.files.length], [1, 12], 'links need no length');
  const folder = newFolder();
  const at = placesOf(metainfo, folder);
  put(folder, 't/d/a', 't/taken');
  const root = join(folder, 't');
  makeLinks(held(folder), linksOf(metainfo.files, at));
  assert.equal(readlinkSync(join(root, 'sub/first')), '../d/a');
  assert.equal(readlinkSync(join(root, 'second')), 'sub/first');
  assert.equal(readlinkSync(join(root, 'folder')), 'd');
  assert.ok(lstatSync(join(root, 'taken')).isFile());
  for (const none of ['outside', 'absolute', 'nowhere', 'self', 'round', 'about', 'through'])
    assert.equal(lstatSync(join(root, none), { throwIfNoEntry: false }), undefined, none);
});

test('no link is made through a folder that is a link', () => {
  const metainfo = torrent('t', [
    file('d/a'),
    dict({ attr: str('l'), path: path('sub/first'), 'symlink path': path('d/a') }),
  ]);
  const folder = newFolder();
  const outside = newFolder();
  put(folder, 't/d/a');
  symlinkSync(outside, join(folder, 't', 'sub'));
  makeLinks(held(folder), linksOf(metainfo.files, placesOf(metainfo, folder)));
  assert.equal(lstatSync(join(outside, 'first'), { throwIfNoEntry: false }), undefined);
});

test('thousands of links that lead to one another, and very deep ones, take no time', () => {
  const link = (at: string, target: string): Buffer =>
    dict({ attr: str('l'), path: path(at), 'symlink path': path(target) });
  const deep = (name: string): string => `${name}/${'d/'.repeat(1_500)}f`;
  const metainfo = torrent('t', [
    file('a'),
    ...Array.from({ length: 20_000 }, (_, i) => link(`l${i}`, i === 19_999 ? 'a' : `l${i + 1}`)),
    ...Array.from({ length: 300 }, (_, i) => file(deep(`x${i}`))),
    link('last', deep('x0')),
  ]);
  const folder = newFolder();
  const places = placesOf(metainfo, folder);
  const start = performance.now();
  const links = linksOf(metainfo.files, places);
  assert.ok(performance.now() - start < 2_000);
  assert.equal(links.length, 20_001);
  assert.deepEqual(links[0], { path: join(folder, 't', 'l19999'), target: join(folder, 't', 'a') });
});

test('links are made in the folder of the download, even if another has its name now', () => {
  const metainfo = torrent('t', [
    file('d/a'),
    dict({ attr: str('l'), path: path('first'), 'symlink path': path('d/a') }),
  ]);
  const folder = newFolder();
  const outside = newFolder();
  put(folder, 't/d/a');
  put(outside, 't/d/a');
  const links = linksOf(metainfo.files, placesOf(metainfo, folder));
  const place = held(folder);
  renameSync(folder, `${folder} moved`);
  symlinkSync(outside, folder);
  makeLinks(place, links);
  assert.deepEqual(readdirSync(join(outside, 't')), ['d']);
  assert.deepEqual(readdirSync(join(`${folder} moved`, 't')).toSorted(), ['d', 'first']);
});
