/** Which pieces of a plain file that is wrong as a whole are looked at first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suspectRounds } from '../../src/main/storage/suspect-pieces.ts';
import { LearnedHashes } from '../../src/main/torrent/learned-hashes.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { SAMPLED_PLAIN_PIECES } from '../../src/shared/limits.ts';

test('a few pieces of each node are looked at first, also where two nodes have one name', () => {
  const each = 10 * SAMPLED_PLAIN_PIECES;
  const hashes = new LearnedHashes(2 * each, true);
  const hash = new Uint8Array(20).fill(5);
  const idOf = (piece: number): string => (piece % 2 === 0 ? 'aa' : 'bb');
  for (let piece = 0; piece < hashes.count; piece++)
    hashes.learn(piece as PieceIndex, hash, { id: idOf(piece), name: 'localhost' });
  const rounds = suspectRounds(hashes, new Set());
  assert.equal(rounds.text, `localhost: ${each}, localhost: ${each}`);
  const first = rounds.next();
  for (const id of ['aa', 'bb'])
    assert.equal(first.filter((piece) => idOf(piece) === id).length, SAMPLED_PLAIN_PIECES);
});
