/** Torrents that are made (BEP 52): their layout, byte for byte, and how `share` finds them again. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MadeTorrents } from '../../src/main/storage/made-torrents.ts';
import { type MadeHashes, madeInfo } from '../../src/main/torrent/made-info.ts';
import { layoutOf } from '../../src/main/torrent/made-layout.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { type Source, type SourceFile, sourceOf } from '../../src/main/torrent/source-files.ts';
import { defaultVersion, type TorrentVersion } from '../../src/main/torrent/torrent-version.ts';
import { type ByteKeyedDict, encodeByteKeyed } from '../../src/shared/byte-keyed-dict.ts';
import { nameOfBytes } from '../../src/shared/byte-name.ts';
import { temporaryFolder } from '../support/cli.ts';
import {
  content,
  hybridParts,
  layerOfFile,
  type Made,
  rootOfFile,
  torrentOfParts,
  version2Parts,
} from '../support/version2-torrents.ts';

const folder = temporaryFolder();
const PIECE = 32_768;
const CHOICES = { trackers: [], webSeeds: [], private: false, comment: null, pieceLength: null };

function file(path: string, length: number, isExecutable = false): SourceFile {
  return { path: `/x/${path}`, elements: path.split('/'), length, isExecutable, stamp: '' };
}

function sourceWith(files: readonly SourceFile[]): Source {
  const totalLength = files.reduce((sum, { length }) => sum + length, 0);
  return { root: '/x', name: 'x', files, leftOut: [], totalLength };
}

/** What the threads find out. */
function hashesOf(files: readonly Made[], isPadded: boolean): MadeHashes {
  const layers = files.map(({ bytes }) => {
    if (bytes.length === 0) return Buffer.alloc(0);
    return bytes.length > PIECE ? layerOfFile(bytes, PIECE) : rootOfFile(bytes);
  });
  const data = files.map(({ bytes }) =>
    Buffer.concat([bytes, Buffer.alloc((PIECE - (bytes.length % PIECE)) % PIECE)]),
  );
  const whole = isPadded ? Buffer.concat(data) : Buffer.alloc(0);
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length; at += PIECE)
    pieces.push(
      createHash('sha1')
        .update(whole.subarray(at, at + PIECE))
        .digest(),
    );
  return { roots: Buffer.concat(layers), pieces: Buffer.concat(pieces) };
}

test('keys are sorted as bytes, whatever they are', () => {
  const keys = [
    Buffer.from([0xff]),
    Buffer.from('\u{1f600}'),
    Buffer.from('\uff5e'),
    Buffer.from('a'),
    Buffer.alloc(0),
  ];
  const dict = new Map(keys.map((key, i) => [nameOfBytes(key), i] as const));
  const sorted = keys.map((key, i) => ({ key, i })).sort((a, b) => Buffer.compare(a.key, b.key));
  const parts = sorted.flatMap(({ key, i }) => [Buffer.from(`${key.length}:`), key, Buffer.from(`i${i}e`)]);
  assert.deepEqual(
    Buffer.from(encodeByteKeyed(dict)),
    Buffer.concat([Buffer.from('d'), ...parts, Buffer.from('e')]),
  );
  const nested: ByteKeyedDict = new Map();
  nested.set('b', new Map([['', 1]]));
  nested.set('a', [2]);
  assert.equal(Buffer.from(encodeByteKeyed(nested)).toString(), 'd1:ali2ee1:bd0:i1eee');
});

test('the default version: a hybrid for one public file', () => {
  assert.deepEqual(
    [defaultVersion(true, false), defaultVersion(true, true), defaultVersion(false, false)],
    ['hybrid', 'v1', 'v1'],
  );
});

const FILES: readonly Made[] = [
  { name: 'a', bytes: content(3 * PIECE + 5, 1) },
  { name: 'b', bytes: content(PIECE, 2) },
  { name: 'c', bytes: Buffer.alloc(0) },
  { name: 'd', bytes: content(3 * PIECE + 5, 1) },
  { name: 'e', bytes: content(20_000, 3) },
];

test('version 2 is, byte for byte, what its definition gives: equal files share a layer, short ones have none', () => {
  const layout = layoutOf(sourceWith(FILES.map(({ name, bytes }) => file(name, bytes.length))), 'v2', PIECE);
  const { info, layers } = madeInfo(layout, hashesOf(FILES, false), { name: 'set', private: false });
  const ours = encodeByteKeyed(
    new Map<string, typeof info>([
      ['info', info],
      ['piece layers', layers ?? new Map()],
    ]),
  );
  const distinct = FILES.filter(({ name }) => name !== 'd');
  const { top } = version2Parts(distinct, PIECE);
  const theirs = torrentOfParts({ info: version2Parts(FILES, PIECE).info, top });
  assert.equal(Buffer.from(ours).toString('latin1'), theirs.toString('latin1'));
});

test('a hybrid has the same order in both halves, with padding behind each file of a folder, also the last', () => {
  const layout = layoutOf(
    sourceWith(FILES.map(({ name, bytes }) => file(name, bytes.length))),
    'hybrid',
    PIECE,
  );
  const { info } = madeInfo(layout, hashesOf(FILES, true), { name: 'set', private: false });
  const metainfo = parseMetainfo(encodeByteKeyed(new Map([['info', info]])), 'x');
  assert.deepEqual(
    metainfo.files.map(({ rawPath, length, padding }) => [rawPath.slice(1).join('/'), length, padding]),
    [
      ['a', 3 * PIECE + 5, false],
      [`.pad/${PIECE - 5}`, PIECE - 5, true],
      ['b', PIECE, false],
      ['c', 0, false],
      ['d', 3 * PIECE + 5, false],
      [`.pad/${PIECE - 5}`, PIECE - 5, true],
      ['e', 20_000, false],
      ['.pad/12768', 12_768, true],
    ],
  );
  // Without the padding at its end it is the hybrid that the definition gives.
  const [first] = FILES;
  const alone = layoutOf(sourceWith([file('a', 3 * PIECE + 5)]), 'hybrid', PIECE);
  assert.deepEqual([alone.padding, alone.geometry.totalLength], [[], 3 * PIECE + 5]);
  const theirs = parseMetainfo(torrentOfParts(hybridParts(first === undefined ? [] : [first], PIECE)), 'x');
  assert.deepEqual(
    theirs.files.map(({ length }) => length),
    [3 * PIECE + 5],
  );
});

test('the order is that of the tree: folder by folder, by the bytes of the names; version 1 keeps that of whole paths', () => {
  const names = [
    'sub-x',
    'sub.txt',
    'sub/a',
    'sub/b/c',
    'sub/b-c',
    '\u{1f600}',
    '\uff5e',
    'B',
    'a\udcff',
    'ab',
  ];
  const source = sourceWith(names.map((name) => file(name, 1)));
  const order = (version: TorrentVersion) =>
    layoutOf(source, version, PIECE).files.map(({ elements }) => elements?.join('/'));
  const tree = [
    'B',
    'ab',
    'a\udcff',
    'sub/a',
    'sub/b/c',
    'sub/b-c',
    'sub-x',
    'sub.txt',
    '\uff5e',
    '\u{1f600}',
  ];
  assert.deepEqual(order('v2'), tree);
  assert.deepEqual(order('hybrid'), tree);
  assert.deepEqual(order('v1'), names);
  assert.deepEqual(
    layoutOf(source, 'v2', PIECE).files.map(({ offset }) => offset),
    tree.map((_, i) => i * PIECE),
  );
});

test('a program has its attribute in both halves of a hybrid and in version 2, and none in version 1; a link counts as its file', () => {
  const root = join(folder, 'programs');
  mkdirSync(root);
  for (const [name, mode] of [
    ['run', 0o744],
    ['read', 0o644],
    ['group', 0o654],
  ] as const) {
    writeFileSync(join(root, name), 'x');
    chmodSync(join(root, name), mode);
  }
  symlinkSync('read', join(root, 'link'));
  symlinkSync('run', join(root, 'link to run'));
  const source = sourceOf(root, 'out.torrent');
  assert.deepEqual(
    source.files.filter(({ isExecutable }) => isExecutable).map(({ elements }) => elements?.[0]),
    ['link to run', 'run'],
  );
  const count = (version: TorrentVersion): number => {
    const layout = layoutOf(source, version, PIECE);
    const { info } = madeInfo(
      layout,
      { pieces: Buffer.alloc(0), roots: Buffer.alloc(160) },
      { name: 'x', private: false },
    );
    return Buffer.from(encodeByteKeyed(info)).toString('latin1').split('4:attr1:x').length - 1;
  };
  assert.deepEqual([count('v1'), count('v2'), count('hybrid')], [0, 2, 4]);
});

test('a piece length that version 2 cannot have', () => {
  for (const length of [8_192, 49_152]) {
    assert.throws(() => layoutOf(sourceWith([file('a', 9)]), 'v2', length), /power of two of at least 16384/);
    assert.throws(() => layoutOf(sourceWith([file('a', 9)]), 'hybrid', length), RangeError);
    layoutOf(sourceWith([file('a', 9)]), 'v1', length);
  }
});

/** The .torrent of a file with nine bytes. */
function torrentIn(version: TorrentVersion, source: Source): Buffer {
  const bytes = content(9, 4);
  const hashes = { roots: rootOfFile(bytes), pieces: createHash('sha1').update(bytes).digest() };
  const { info } = madeInfo(layoutOf(source, version, PIECE), hashes, { name: 'x', private: false });
  return Buffer.from(
    encodeByteKeyed(
      new Map([
        ['info', info],
        ['piece layers', new Map()],
      ]),
    ),
  );
}

test('what share made before there was a choice is found again, and only a choice makes another one', () => {
  const state = join(folder, 'state');
  const source = sourceWith([{ ...file('x', 9), elements: null }]);
  const made = new MadeTorrents(state);
  const choices = { name: 'x', ...CHOICES };
  // The name of the file by the rule that was there before: version 1 was the only one.
  const [{ path, length, stamp }] = source.files as [SourceFile];
  const { name, pieceLength, trackers, webSeeds, private: isPrivate, comment } = choices;
  const old = JSON.stringify([
    source.root,
    { name, pieceLength, trackers, webSeeds, private: isPrivate, comment },
    [[path, length, stamp]],
  ]);
  mkdirSync(state);
  const before = `${createHash('sha256').update(old).digest('hex').slice(0, 40)}.torrent`;
  writeFileSync(join(state, before), torrentIn('v1', source));
  const find = (version: TorrentVersion | null) => made.find(source, { ...choices, name, version });
  const v1 = find(null)?.metainfo;
  assert.equal(v1?.version2, null, 'it stays the torrent whose peers look for it');
  assert.equal(find('v1')?.metainfo.version2, null, 'asked for, it is the same');
  assert.equal(find('hybrid'), null, 'another version is made');
  made.keep(source, { ...choices, name, version: 'hybrid' }, torrentIn('hybrid', source));
  assert.ok(find('hybrid')?.metainfo.version2);
  assert.equal(find(null)?.metainfo.version2, null, 'and does not take its place');
  assert.equal(readdirSync(state).length, 2);
  const tracker = { ...choices, trackers: ['http://t.example/a'], version: null };
  assert.equal(made.find(source, tracker), null);
  assert.equal(
    made.versionBefore(source, tracker),
    'v1',
    'with a tracker it must not become another torrent',
  );
});

test('one that was made by default stays the default after another version was asked for', () => {
  const source = sourceWith([{ ...file('y', 9), elements: null }]);
  const made = new MadeTorrents(join(folder, 'other-state'));
  const choices = { name: 'y', ...CHOICES };
  made.keep(source, { ...choices, version: null }, torrentIn('hybrid', source));
  made.keep(source, { ...choices, version: 'v1' }, torrentIn('v1', source));
  assert.ok(made.find(source, { ...choices, version: null })?.metainfo.version2);
  assert.ok(made.find(source, { ...choices, version: 'hybrid' })?.metainfo.version2);
  assert.equal(made.find(source, { ...choices, version: 'v1' })?.metainfo.version2, null);
  assert.equal(made.find(source, { ...choices, version: 'v2' }), null);
});
