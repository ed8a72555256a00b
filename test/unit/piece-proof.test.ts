/** Whether a piece is right, for each version and for both halves of a hybrid (BEP 52). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashesOf, type Metainfo, parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { PieceHasher } from '../../src/workers/storage/piece-hasher.ts';
import { PieceProof } from '../../src/workers/storage/piece-proof.ts';
import { content, hybridParts, torrentOfParts, version2Parts } from '../support/version2-torrents.ts';

const PIECE = 65_536;
const FIRST = { name: 'a', bytes: content(PIECE + 20_000, 1) };
const FILES = [FIRST, { name: 'b', bytes: content(100, 2) }];
const SECOND = 1 as PieceIndex;
const HYBRID = parseMetainfo(torrentOfParts(hybridParts(FILES, PIECE)), 'test');
const ALONE = parseMetainfo(torrentOfParts(version2Parts(FILES, PIECE)), 'test');

/** The second piece of the first file, as it comes: with padding in a hybrid. */
function second(padding: number | null): Buffer {
  const data = FIRST.bytes.subarray(PIECE);
  return Buffer.concat([data, Buffer.alloc(padding === null ? 0 : PIECE - data.length, padding ?? 0)]);
}

const verdict = (metainfo: Metainfo, bytes: Buffer) =>
  new PieceProof(hashesOf(metainfo)).verdict(SECOND, bytes);

test('right and wrong bytes', () => {
  assert.equal(verdict(ALONE, second(null)), 'good');
  assert.equal(verdict(HYBRID, second(0)), 'good');
  for (const [metainfo, padding] of [
    [ALONE, null],
    [HYBRID, 0],
  ] as const) {
    const wrong = second(padding);
    wrong[19_999] = (wrong[19_999] ?? 0) ^ 1;
    assert.equal(verdict(metainfo, wrong), 'bad');
  }
});

test('what a peer sends for the padding of a hybrid does not matter, and is not kept', () => {
  const bytes = second(0x55);
  assert.equal(verdict(HYBRID, bytes), 'good');
  assert.deepEqual(bytes, second(0));
});

test('a hybrid whose halves want different bytes is split', () => {
  const { info, top } = hybridParts(FILES, PIECE);
  const other = hybridParts([{ name: 'a', bytes: content(PIECE + 20_000, 3) }, ...FILES.slice(1)], PIECE);
  const split = parseMetainfo(
    torrentOfParts({ info: { ...info, pieces: other.info['pieces'] ?? assert.fail() }, top }),
    'test',
  );
  assert.equal(verdict(split, second(0)), 'split');
});

test('while the layer of a hybrid is not known, its SHA-1 decides; alone, nothing vouches for the piece', () => {
  const bare = (parts: typeof hybridParts): Metainfo =>
    parseMetainfo(torrentOfParts({ info: parts(FILES, PIECE).info, top: {} }), 'test');
  assert.equal(verdict(bare(hybridParts), second(0)), 'good');
  assert.equal(verdict(bare(version2Parts), second(null)), 'bad');
});

test('a piece that is read in parts has the same hashes', () => {
  for (const [metainfo, padding] of [
    [ALONE, null],
    [HYBRID, 0],
  ] as const) {
    const hashes = hashesOf(metainfo);
    const hasher = new PieceHasher(hashes);
    hasher.begin(SECOND);
    const bytes = second(padding);
    for (let at = 0; at < bytes.length; at += 16_384) hasher.add(bytes.subarray(at, at + 16_384));
    assert.equal(new PieceProof(hashes).judge(SECOND, hasher.end()), 'good');
  }
});
