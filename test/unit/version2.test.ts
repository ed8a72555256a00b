/** Torrents of version 2 (BEP 52): read, with their bounds. The trees are compared with ones made by plain recursion. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import { type Metainfo, parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { lengthOfPiece, offsetOfPiece, piecesOf } from '../../src/shared/geometry.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { leavesOf, rootOver, treeWidth } from '../../src/shared/merkle.ts';
import { rootOfPiece } from '../../src/shared/piece-hashes.ts';
import { MALFORMED } from '../support/malformed-version2.ts';
import {
  content,
  hybridParts,
  layerOfFile,
  rootOfFile,
  torrentOfParts,
  version2Parts,
} from '../support/version2-torrents.ts';

const PIECE = 65_536;
const FILES = [
  { name: 'a', bytes: content(3 * PIECE + 20_000, 1) },
  { name: 'b', bytes: Buffer.alloc(0) },
  { name: 'c', bytes: content(PIECE, 2) },
  { name: 'd', bytes: content(40_000, 3) },
  { name: 'e', bytes: content(1, 4) },
];

const parse = (bytes: Buffer) => parseMetainfo(bytes, 'x.torrent');
const hex = (bytes: Uint8Array | null): string => (bytes === null ? '' : Buffer.from(bytes).toString('hex'));
const infoHash = (metainfo: Metainfo, kind: string): string =>
  createHash(kind).update(metainfo.info).digest('hex');

test('the root of a tree, for each number of blocks', () => {
  for (const length of [1, 16_383, 16_384, 16_385, 32_768, 32_769, 49_152, 5 * 16_384, 9 * 16_384 + 3]) {
    const bytes = content(length, length);
    const leaves = leavesOf(bytes);
    assert.equal(
      hex(rootOver(leaves, 0, treeWidth(leaves.length / 32))),
      hex(rootOfFile(bytes)),
      `${length}`,
    );
  }
});

for (const [kind, parts] of [
  ['version 2', version2Parts(FILES, PIECE)],
  ['a hybrid', hybridParts(FILES, PIECE)],
] as const) {
  test(`${kind}: files begin on pieces, and each piece has its root`, () => {
    const metainfo = parse(torrentOfParts(parts));
    const { geometry: g, version2 } = metainfo;
    assert.ok(version2 !== null);
    assert.equal(hex(version2.infoHash), infoHash(metainfo, 'sha256'));
    const wire = kind === 'a hybrid' ? infoHash(metainfo, 'sha1') : infoHash(metainfo, 'sha256').slice(0, 40);
    assert.equal(hex(metainfo.infoHash), wire);
    const files = metainfo.files.filter(({ padding }) => !padding);
    assert.deepEqual(
      files.map(({ path }) => path.join('/')),
      FILES.map(({ name }) => `set/${name}`),
    );
    assert.equal(g.pieceCount, 7);
    for (const [i, { bytes }] of FILES.entries()) {
      const file = files[i] ?? assert.fail();
      const { first, end } = piecesOf(g, file);
      if (bytes.length > 0) assert.equal(offsetOfPiece(g, first), file.offset);
      const layer = bytes.length > PIECE ? layerOfFile(bytes, PIECE) : rootOfFile(bytes);
      for (let piece: number = first; piece < end; piece++) {
        const root = layer.subarray((piece - first) * 32, (piece - first + 1) * 32);
        assert.equal(hex(rootOfPiece(version2.trees, piece)), hex(root), `piece ${piece}`);
        const left = bytes.length - (piece - first) * PIECE;
        assert.equal(version2.trees.lengths[piece], Math.min(PIECE, left));
        if (kind === 'version 2') assert.equal(lengthOfPiece(g, piece as PieceIndex), Math.min(PIECE, left));
      }
    }
    const total = FILES.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (kind === 'version 2') assert.equal(g.totalLength, total);
  });
}

test('one file at the root of the tree is the torrent itself; in a folder it is not', () => {
  const [only] = FILES;
  assert.ok(only !== undefined);
  const single = parse(torrentOfParts(version2Parts([{ ...only, name: 'one.bin' }], PIECE)));
  assert.deepEqual([single.name, single.files[0]?.path], ['one.bin', ['one.bin']]);
  const hybrid = parse(torrentOfParts(hybridParts([only], PIECE)));
  assert.deepEqual([hybrid.name, hybrid.files[0]?.path], ['set', ['set', 'a']]);
});

for (const { what, bytes, ours } of MALFORMED) {
  test(`${what}: ${ours === null ? 'read' : 'refused with its reason'}`, () => {
    if (ours === null) return assert.ok(parse(bytes).version2 !== null);
    return assert.throws(
      () => parse(bytes),
      (error) => error instanceof Failure && error.code === 'bad-torrent' && ours.test(error.message),
    );
  });
}
