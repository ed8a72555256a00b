/** Parts of a file's tree with their proofs (BEP 52), against trees made by plain recursion. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashAnswers } from '../../src/main/hashes/hash-answers.ts';
import { isPossible, isProven, layersFrom, unclesOf, withProof } from '../../src/main/hashes/tree-layers.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { leavesOf, treeWidth } from '../../src/shared/merkle.ts';
import {
  content,
  layerOfFile,
  rootOfFile,
  torrentOfParts,
  version2Parts,
} from '../support/version2-torrents.ts';

const BLOCK = 16_384;

test('each part of each layer of a tree is proven by its answer, and by nothing else', () => {
  const bytes = content(11 * BLOCK + 5, 1);
  const root = rootOfFile(bytes);
  const leaves = treeWidth(12);
  const layers = layersFrom(leavesOf(bytes), 0);
  let parts = 0;
  for (let base = 0; base < 4; base++)
    for (let count = 2; count <= leaves / 2 ** base; count *= 2)
      for (let index = 0; index < leaves / 2 ** base; index += count) {
        const request = { root, base, index, count, proofs: Math.log2(leaves) - base - 1 };
        assert.ok(isPossible(request, leaves), JSON.stringify({ base, index, count }));
        const answer = withProof(request, layers.slice(base));
        assert.equal(answer.length, 32 * (count + Math.log2(leaves / 2 ** base / count)));
        assert.ok(isProven(request, answer));
        for (const at of [0, 32 * count - 1, answer.length - 1]) {
          const wrong = Uint8Array.from(answer);
          wrong[at] = (wrong[at] ?? 0) ^ 1;
          assert.ok(!isProven(request, wrong));
        }
        assert.ok(!isProven(request, answer.subarray(32)), 'one hash too few');
        const moved = { ...request, index: index ^ count };
        // Two parts without data are equal.
        if (isPossible(moved, leaves) && index * 2 ** base < 12)
          assert.ok(!isProven(moved, answer), 'of another place');
        parts += 1;
      }
  assert.equal(parts, 15 + 7 + 3 + 1);
});

test('proofs that stop below the root prove only what is asked', () => {
  const bytes = content(16 * BLOCK, 2);
  const request = { root: rootOfFile(bytes), base: 0, index: 4, count: 4, proofs: 1 };
  assert.equal(unclesOf(request), 0);
  const answer = withProof(request, layersFrom(leavesOf(bytes), 0));
  assert.equal(answer.length, 4 * 32);
  assert.ok(!isProven(request, answer), 'this is not the root');
  const piece = { ...request, root: layerOfFile(bytes, 4 * BLOCK).subarray(32, 64), index: 0 };
  assert.ok(isProven(piece, answer), 'but that of a piece');
});

test('requests that no tree has are refused', () => {
  const good = { root: new Uint8Array(32), base: 2, index: 4, count: 4, proofs: 3 };
  const leaves = 256;
  assert.ok(isPossible(good, leaves));
  for (const change of [
    { base: 8 },
    { base: 4_294_967_295 },
    { index: 64 },
    { index: 6 },
    { index: 4_294_967_292 },
    { count: 0 },
    { count: 1 },
    { count: 3 },
    { count: 128, index: 0 },
    { count: 16_384, index: 0, base: 0 },
    { proofs: 6 },
    { proofs: 4_294_967_295 },
  ])
    assert.ok(!isPossible({ ...good, ...change }, leaves), JSON.stringify(change));
});

test('peers get the piece layer of a file, with its proof, and nothing that we do not have', () => {
  const pieceLength = 2 * BLOCK;
  const long = { name: 'a', bytes: content(700 * pieceLength + 1, 3) };
  const short = { name: 'b', bytes: content(BLOCK, 4) };
  const { version2, geometry } = parseMetainfo(
    torrentOfParts(version2Parts([long, short], pieceLength)),
    'test',
  );
  assert.ok(version2 !== null);
  const answers = new HashAnswers(version2, geometry);
  const request = { root: rootOfFile(long.bytes), base: 1, index: 512, count: 512, proofs: 9 };
  const answer = answers.to(request)?.hashes ?? null;
  assert.ok(answer !== null && isProven(request, answer));
  assert.deepEqual(
    Buffer.from(answer.subarray(0, 32)),
    layerOfFile(long.bytes, pieceLength).subarray(512 * 32, 513 * 32),
  );
  const refused = {
    'another layer': { base: 2, index: 0, count: 256, proofs: 8 },
    'leaves of more than a piece': { base: 0, index: 0, count: 4 },
    'a file of one piece': { root: rootOfFile(short.bytes) },
    'an unknown file': { root: new Uint8Array(32) },
    'behind its end': { index: 768, count: 256 },
    'too many proofs': { proofs: 10 },
  };
  for (const [what, change] of Object.entries(refused))
    assert.equal(answers.to({ ...request, ...change }), null, what);
  version2.trees.roots.fill(0, 10 * 32, 11 * 32);
  assert.equal(new HashAnswers(version2, geometry).to(request), null, 'a part of the layer is not known');
});
