/** Tampered torrents of version 2 and hybrids (BEP 52), and requests for hashes of which nothing is certain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import { HashAnswers } from '../../src/main/hashes/hash-answers.ts';
import { LayerSearch } from '../../src/main/hashes/layer-search.ts';
import { isProven } from '../../src/main/hashes/tree-layers.ts';
import { type Metainfo, parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { endOfPiece, lengthOfPiece, piecesOf } from '../../src/shared/geometry.ts';
import { type PieceIndex, peerIndex } from '../../src/shared/indices.ts';
import { MAX_HASHES, MAX_TREE_LAYERS } from '../../src/shared/limits.ts';
import { decodeHashRequest } from '../../src/workers/wire/hash-message.ts';
import { dice, mutated } from '../support/dice.ts';
import { content, hybridParts, torrentOfParts, version2Parts } from '../support/version2-torrents.ts';

const ROUNDS = 3_000;
const PIECE = 16_384;
const FILES = [
  { name: 'a', bytes: content(40 * PIECE + 9, 1) },
  { name: 'b', bytes: Buffer.alloc(0) },
  { name: 'c', bytes: content(3 * PIECE, 2) },
  { name: 'd', bytes: content(7, 3) },
];

function check({ geometry: g, files, version2 }: Metainfo): void {
  const ends = files.map(({ offset, length }) => offset + length);
  assert.ok(files.every(({ offset }, i) => offset >= (ends[i - 1] ?? 0)));
  let bytes = 0;
  for (let piece = 0 as PieceIndex; piece < g.pieceCount; piece++) {
    const length = lengthOfPiece(g, piece);
    assert.ok(length > 0 && length <= g.pieceLength);
    bytes += length;
  }
  assert.equal(bytes, g.totalLength);
  if (version2 === null) return;
  for (const file of version2.files) {
    const { first, end } = piecesOf(g, file);
    assert.equal(file.offset % g.pieceLength, 0);
    assert.ok(end <= g.pieceCount && file.offset + file.length <= endOfPiece(g, (end - 1) as PieceIndex));
    const parts: Uint32Array = version2.trees.lengths.subarray(first, end);
    assert.equal(
      parts.reduce((sum, length) => sum + length, 0),
      file.length,
    );
  }
}

for (const [kind, sound] of [
  ['version 2', torrentOfParts(version2Parts(FILES, PIECE))],
  ['hybrid', torrentOfParts(hybridParts(FILES, PIECE))],
] as const)
  test(`tampered torrents, ${kind}: refused with a reason, or read with all their bounds`, () => {
    let read = 0;
    for (let seed = 1; seed <= ROUNDS; seed++) {
      try {
        check(parseMetainfo(mutated(sound, dice(seed)), 'fuzz'));
        read += 1;
      } catch (error) {
        assert.ok(error instanceof Failure && error.exitStatus === 3, `seed ${seed}: ${String(error)}`);
      }
    }
    assert.ok(read > 0, 'some were readable');
  });

test('requests for hashes with any numbers get a proven answer or none', () => {
  const metainfo = parseMetainfo(torrentOfParts(version2Parts(FILES, PIECE)), 'fuzz');
  const { version2, geometry } = metainfo;
  assert.ok(version2 !== null);
  const answers = new HashAnswers(version2, geometry);
  let given = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const next = dice(seed);
    const small = (most: number): number => (next(20) === 0 ? next(2 ** 32) : next(most));
    const numbers = [small(3), small(8) * 8, 2 ** small(8), small(8)];
    const file = version2.files[small(3) % version2.files.length] ?? assert.fail();
    const payload = Buffer.concat([file.root, ...numbers.map((number) => uint32(number))]);
    const request = decodeHashRequest(payload);
    const answer = answers.to(request);
    if (answer === null) continue;
    given += 1;
    assert.ok(answer.hashes.length <= (MAX_HASHES + MAX_TREE_LAYERS) * 32);
    if (request.base === 0 && request.proofs === 5) assert.ok(isProven(request, answer.hashes));
  }
  assert.ok(given > ROUNDS / 100, `${given} were answered`);
});

test('answers with any bytes are taken only if they are right', () => {
  const { info, top } = version2Parts(FILES, PIECE);
  const known = parseMetainfo(torrentOfParts({ info, top }), 'fuzz');
  const lacking = parseMetainfo(torrentOfParts({ info, top: {} }), 'fuzz');
  assert.ok(known.version2 !== null && lacking.version2 !== null);
  const answers = new HashAnswers(known.version2, known.geometry);
  const search = new LayerSearch(lacking.version2.trees, lacking.version2.files, lacking.geometry);
  const asks = search.next([peerIndex(1)], 0);
  assert.ok(asks.length > 1);
  for (let seed = 1; seed <= ROUNDS; seed++)
    for (const { peer, request } of asks) {
      const right = Buffer.from(answers.to(request)?.hashes ?? assert.fail());
      const wrong = mutated(right, dice(seed));
      if (!wrong.equals(right)) assert.equal(search.arrived(peer, request, wrong, 1), 'lie', `seed ${seed}`);
    }
  assert.ok(lacking.version2.trees.roots.subarray(0, 40 * 32).every((byte) => byte === 0));
});

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
