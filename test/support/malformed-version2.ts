/** Torrents of version 2 that somebody broke, with what we say and what libtorrent 2.0 says (`test/interop/version2.test.ts`). */
import { int, list, str } from './torrents.ts';
import {
  content,
  hybridParts,
  layerOfFile,
  leaf,
  pairs,
  rootOfFile,
  type TorrentParts,
  torrentOfParts,
  version2Parts,
} from './version2-torrents.ts';

export interface Malformed {
  readonly what: string;
  readonly bytes: Buffer;
  /** A part of our message; null: we read it. */
  readonly ours: RegExp | null;
  readonly libtorrent: 'refuses' | 'reads';
}

const PIECE = 32_768;
const LONG = { name: 'a', bytes: content(3 * PIECE + 5, 1) };
const SHORT = { name: 'b', bytes: content(20_000, 2) };
const FILES = [LONG, SHORT];
const ROOT = rootOfFile(LONG.bytes);
const LAYER = layerOfFile(LONG.bytes, PIECE);

function changed(
  info: Record<string, Buffer>,
  top: Record<string, Buffer> = {},
  parts?: TorrentParts,
): Buffer {
  const { info: before, top: topBefore } = parts ?? version2Parts(FILES, PIECE);
  return torrentOfParts({ info: { ...before, ...info }, top: { ...topBefore, ...top } });
}

const tree = (...entries: readonly (readonly [string | Buffer, Buffer])[]): Record<string, Buffer> => ({
  'file tree': pairs(entries),
});
const file = (fields: readonly (readonly [string, Buffer])[]): Buffer => pairs([['', pairs(fields)]]);
const layers = (...entries: readonly (readonly [string | Buffer, Buffer])[]): Record<string, Buffer> => ({
  'piece layers': pairs(entries),
});
const hybrid = (info: Record<string, Buffer>): Buffer => changed(info, {}, hybridParts(FILES, PIECE));
const without = (key: string): Buffer => {
  const { info, top } = version2Parts(FILES, PIECE);
  const rest = Object.entries(info).filter(([name]) => name !== key);
  return torrentOfParts({ info: Object.fromEntries(rest), top });
};
const flipped = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes);
  copy[40] = (copy[40] ?? 0) ^ 1;
  return copy;
};
const deep = (levels: number): Buffer =>
  levels === 0 ? leaf(SHORT.bytes) : pairs([['d', deep(levels - 1)]]);

export const MALFORMED: readonly Malformed[] = [
  ['a version of the future', changed({ 'meta version': int(3) }), /it has version 3/, 'refuses'],
  ['no file tree', without('file tree'), /"file tree" is not a dictionary/, 'refuses'],
  ['a tree that is a list', changed({ 'file tree': list() }), /"file tree" is not a dictionary/, 'refuses'],
  ['an empty tree', changed(tree()), /"file tree" has no file/, 'refuses'],
  ['a tree without a version', without('meta version'), /"info" has no "pieces"/, 'refuses'],
  ['no piece length', without('piece length'), /piece length 0 is not a power of two/, 'refuses'],
  ['pieces of 8 KiB', changed({ 'piece length': int(8_192) }), /not a power of two/, 'refuses'],
  ['pieces of 48 KiB', changed({ 'piece length': int(49_152) }), /not a power of two/, 'refuses'],
  [
    'the root is a file',
    changed(tree(['', pairs([['length', int(0)]])])),
    /the root of "file tree" is a file/,
    'refuses',
  ],
  [
    'a name that is a number',
    changed(tree(['a', int(1)])),
    /a in "file tree" is not a dictionary/,
    'refuses',
  ],
  ['an empty folder', changed(tree(['a', leaf(SHORT.bytes)], ['b', pairs([])])), null, 'reads'],
  [
    'names that are not sorted',
    changed(tree(['b', leaf(SHORT.bytes)], ['a', leaf(LONG.bytes)])),
    /not sorted at a/,
    'refuses',
  ],
  [
    'a name twice',
    changed(tree(['a', leaf(LONG.bytes)], ['a', leaf(SHORT.bytes)])),
    /not sorted at a/,
    'refuses',
  ],
  [
    'a file and a folder',
    changed(
      tree([
        'a',
        pairs([
          ['', pairs([['length', int(0)]])],
          ['x', leaf(SHORT.bytes)],
        ]),
      ]),
    ),
    /a is a file and a folder/,
    'refuses',
  ],
  [
    'no length',
    changed(tree(['a', file([['pieces root', str(ROOT)]])])),
    /the length of a is missing/,
    'refuses',
  ],
  ['a negative length', changed(tree(['a', file([['length', int(-1)]])])), /missing or negative/, 'refuses'],
  ['no root', changed(tree(['a', file([['length', int(5)]])])), /a has no "pieces root"/, 'refuses'],
  [
    'a root of 20 bytes',
    changed(
      tree([
        'a',
        file([
          ['length', int(5)],
          ['pieces root', str(ROOT.subarray(0, 20))],
        ]),
      ]),
    ),
    /a has no "pieces root" of 32 bytes/,
    'refuses',
  ],
  [
    'a root of zeros',
    changed(
      tree([
        'a',
        file([
          ['length', int(5)],
          ['pieces root', str(Buffer.alloc(32))],
        ]),
      ]),
    ),
    /"pieces root" of a is only zeros/,
    'refuses',
  ],
  [
    'padding in the tree',
    changed(
      tree([
        'a',
        file([
          ['attr', str('p')],
          ['length', int(5)],
          ['pieces root', str(ROOT)],
        ]),
      ]),
    ),
    /a in "file tree" is padding/,
    'refuses',
  ],
  ['only empty files', changed(tree(['a', leaf(Buffer.alloc(0))])), /total length 0/, 'refuses'],
  ['a tree of a hundred levels', changed(tree(['d', deep(96)])), /nested deeper than 100/, 'refuses'],
  [
    'layers that are a list',
    changed({}, { 'piece layers': list() }),
    /"piece layers" is not a dictionary/,
    'reads',
  ],
  ['no layer', changed({}, layers()), null, 'reads'],
  ['no layers', torrentOfParts({ ...version2Parts(FILES, PIECE), top: {} }), null, 'reads'],
  ['a hybrid without layers', torrentOfParts({ ...hybridParts(FILES, PIECE), top: {} }), null, 'reads'],
  [
    'a short layer',
    changed({}, layers([ROOT, str(LAYER.subarray(0, 96))])),
    /does not match the root/,
    'refuses',
  ],
  [
    'a long layer',
    changed({}, layers([ROOT, str(Buffer.concat([LAYER, LAYER.subarray(0, 32)]))])),
    /does not match/,
    'refuses',
  ],
  [
    'a layer of another file',
    changed({}, layers([ROOT, str(flipped(LAYER))])),
    /does not match the root/,
    'reads',
  ],
  [
    'a layer under a short key',
    changed({}, layers(['abc', str(LAYER)])),
    /something that is not a layer/,
    'refuses',
  ],
  [
    'a layer that is a number',
    changed({}, layers([ROOT, int(1)])),
    /something that is not a layer/,
    'refuses',
  ],
  [
    'a layer for a file of one piece',
    changed(
      {},
      layers(
        ...[
          [ROOT, str(LAYER)] as const,
          [rootOfFile(SHORT.bytes), str(rootOfFile(SHORT.bytes))] as const,
        ].sort(([a], [b]) => Buffer.compare(a, b)),
      ),
    ),
    null,
    'reads',
  ],
  [
    'a hybrid with one file more',
    hybrid(tree(['a', leaf(LONG.bytes)], ['b', leaf(SHORT.bytes)], ['c', leaf(SHORT.bytes)])),
    /2 and 3 files/,
    'refuses',
  ],
  [
    'a hybrid with another name',
    hybrid(tree(['a', leaf(LONG.bytes)], ['c', leaf(SHORT.bytes)])),
    /file 1 has two names/,
    'refuses',
  ],
  [
    'a hybrid with another length',
    hybrid(tree(['a', leaf(LONG.bytes)], ['b', leaf(content(20_001, 2))])),
    /20000 and 20001 bytes/,
    'refuses',
  ],
  [
    'a hybrid without padding',
    hybrid({
      files: list(
        ...FILES.map(({ name, bytes }) =>
          pairs([
            ['length', int(bytes.length)],
            ['path', list(str(name))],
          ]),
        ),
      ),
    }),
    /begins at two places|"pieces" holds/,
    'refuses',
  ],
].map(([what, bytes, ours, libtorrent]) => ({ what, bytes, ours, libtorrent }) as Malformed);
