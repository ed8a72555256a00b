/** The pieces of a peer: each change is seen, also one that leaves their number as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { PieceSet } from '../../src/workers/peer/piece-set.ts';

const at = (piece: number): PieceIndex => piece as PieceIndex;

test('a piece that is lost while another comes changes the version, and so does one that comes back', () => {
  const pieces = new PieceSet(4);
  const seen = [pieces.version];
  const changes = [
    () => pieces.add(at(1)),
    () => pieces.remove(at(1)),
    () => pieces.add(at(2)),
    () => pieces.addBitfield(Uint8Array.of(0b1010_0000)),
    () => pieces.addAll(),
    () => pieces.remove(at(0)),
    () => pieces.add(at(0)),
  ];
  for (const change of changes) {
    change();
    seen.push(pieces.version);
  }
  assert.equal(new Set(seen).size, seen.length, seen.join(' '));
  pieces.add(at(0));
  assert.equal(pieces.version, seen.at(-1), 'nothing has changed');
});
