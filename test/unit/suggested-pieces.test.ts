/** The pieces that a peer suggests (BEP 6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { MAX_SUGGESTED_PIECES } from '../../src/shared/limits.ts';
import { SuggestedPieces } from '../../src/workers/requests/suggested-pieces.ts';

const ANY = () => true;

/** All that can be taken, in order. */
function taken(suggested: SuggestedPieces, isMissing = ANY, may: (piece: PieceIndex) => boolean = ANY) {
  const pieces: number[] = [];
  for (let piece = suggested.take(isMissing, may); piece !== null; piece = suggested.take(isMissing, may))
    pieces.push(piece);
  return pieces;
}

function suggestions(...pieces: readonly number[]): SuggestedPieces {
  const suggested = new SuggestedPieces();
  for (const piece of pieces) suggested.add(piece as PieceIndex);
  return suggested;
}

test('the newest comes first, each once', () => {
  assert.deepEqual(taken(suggestions(3, 1, 2, 3)), [3, 2, 1]);
});

test('the oldest make room', () => {
  const many = Array.from({ length: 1_000 }, (_, piece) => piece);
  assert.deepEqual(taken(suggestions(...many)), many.slice(-MAX_SUGGESTED_PIECES).reverse());
});

test('what cannot be begun now stays; what is not missing any more is forgotten', () => {
  const suggested = suggestions(1, 2, 3);
  assert.equal(
    suggested.take(
      (piece) => piece !== 3,
      (piece) => piece === 1,
    ),
    1,
  );
  assert.deepEqual(taken(suggested), [2]);
});
