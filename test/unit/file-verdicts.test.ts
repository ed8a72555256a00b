/** From pieces to files: what is missing is not called bad, and a piece of two files is judged by what is known of each part. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileVerdict, type Look } from '../../src/main/storage/file-verdicts.ts';
import { type PartState, PartVerdicts } from '../../src/main/storage/part-verdicts.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';

const PIECE = 16_384;
/** Lengths in pieces: the second and the fourth file share a piece, the last has one of its own. */
const files: { path: string; offset: number; length: number }[] = [];
for (const pieces of [1, 1.5, 0, 0.5, 1]) {
  const { offset, length } = files.at(-1) ?? { offset: 0, length: 0 };
  files.push({ path: String(files.length), offset: offset + length, length: pieces * PIECE });
}
const g = geometry(4 * PIECE, PIECE);
const [FIRST, SECOND, EMPTY, FOURTH, LAST] = [0, 1, 2, 3, 4];

interface Case {
  /** By piece. */
  readonly good: readonly number[];
  /** By file, then by piece; what is not named is there. */
  readonly states?: Readonly<Record<number, Readonly<Record<number, PartState>>>>;
  readonly claims?: Readonly<Record<number, readonly number[]>>;
  readonly looks?: Readonly<Record<number, Look>>;
  readonly unhashed?: number;
}

/** Status, bad, shared bad, missing and uncertain pieces. */
function verdicts({ good, states = {}, claims = {}, looks = {}, unhashed }: Case) {
  const stateOf = (file: number, piece: PieceIndex): PartState =>
    looks[file]?.kind === 'nothing' ? 'absent' : (states[file]?.[piece] ?? 'other');
  const isClaimed = (file: number, piece: PieceIndex): boolean | null =>
    claims[file]?.includes(piece) ?? null;
  const facts = { files, geometry: g, good: Uint8Array.from(good), stateOf, isClaimed };
  const parts = new PartVerdicts(facts, [0, 1, 2, 3] as PieceIndex[]);
  return files.map((file, index) => {
    const look = looks[index] ?? { kind: 'file' as const, size: file.length };
    const one = fileVerdict({ file, look, isUnhashed: index === unhashed }, index, parts, g);
    return [one.status, one.badPieces, one.sharedBadPieces, one.missingPieces, one.uncertainPieces];
  });
}

const GOOD = ['good', 0, 0, 0, 0];

test('a bad piece that two files share is bad in both, over an empty file between them', () =>
  assert.deepEqual(verdicts({ good: [1, 1, 0, 1] }), [
    GOOD,
    ['bad', 1, 1, 0, 0],
    GOOD,
    ['bad', 1, 1, 0, 0],
    GOOD,
  ]));

test('a bad piece inside a file is shared with none', () =>
  assert.deepEqual(verdicts({ good: [0, 0, 0, 0] }), [
    ['bad', 1, 0, 0, 0],
    ['bad', 2, 1, 0, 0],
    GOOD,
    ['bad', 1, 1, 0, 0],
    ['bad', 1, 0, 0, 0],
  ]));

test('zeros were never fetched: a file has nothing, or only a part', () => {
  const found = verdicts({
    good: [0, 1, 0, 1],
    states: { [FIRST]: { 0: 'blank' }, [SECOND]: { 2: 'blank' }, [FOURTH]: { 2: 'blank' } },
  });
  assert.deepEqual(found, [
    ['missing', 0, 0, 1, 0],
    ['incomplete', 0, 0, 1, 0],
    GOOD,
    ['missing', 0, 0, 1, 0],
    GOOD,
  ]);
});

test('a piece that reaches into a file that is not there cannot be judged, unless its part has a hash of its own', () => {
  const looks = { [FOURTH]: { kind: 'nothing' as const }, [EMPTY]: { kind: 'nothing' as const } };
  const of = (state: PartState) =>
    verdicts({ good: [1, 1, 0, 1], looks, states: { [SECOND]: { 2: state } } });
  const absent = [['missing', 0, 0, 0, 0], ['missing', 0, 0, 1, 0], GOOD];
  assert.deepEqual(of('other'), [GOOD, ['uncertain', 0, 0, 0, 1], ...absent]);
  assert.deepEqual(of('right'), [GOOD, GOOD, ...absent]);
  assert.deepEqual(of('wrong'), [GOOD, ['bad', 1, 1, 0, 0], ...absent]);
  assert.deepEqual(of('blank'), [GOOD, ['incomplete', 0, 0, 1, 0], ...absent]);
});

test('of a shared piece, the part with the right hash of its own is good, and the other one is bad', () =>
  assert.deepEqual(verdicts({ good: [1, 1, 0, 1], states: { [FOURTH]: { 2: 'right' } } }), [
    GOOD,
    ['bad', 1, 1, 0, 0],
    GOOD,
    GOOD,
    GOOD,
  ]));

test('a file may end with zeros: they are missing only if nothing else is there', () => {
  const states = { [SECOND]: { 2: 'blank' as const } };
  const shared = ['bad', 1, 1, 0, 0];
  assert.deepEqual(verdicts({ good: [1, 1, 0, 1], states }), [GOOD, shared, GOOD, shared, GOOD]);
  const blank = { [SECOND]: { 1: 'blank' as const, 2: 'blank' as const } };
  assert.deepEqual(verdicts({ good: [1, 0, 0, 1], states: blank }), [
    GOOD,
    ['missing', 0, 0, 2, 0],
    GOOD,
    ['uncertain', 0, 0, 0, 1],
    GOOD,
  ]);
});

test('a journal knows better: what it claims was there, and what it does not claim has not come', () => {
  const states = { [FIRST]: { 0: 'blank' as const }, [LAST]: { 3: 'other' as const } };
  assert.deepEqual(verdicts({ good: [0, 1, 1, 0], states, claims: { [FIRST]: [0], [LAST]: [] } }), [
    ['bad', 1, 0, 0, 0],
    GOOD,
    GOOD,
    GOOD,
    ['missing', 0, 0, 1, 0],
  ]);
});

test('the length and the kind of what is there', () => {
  const looks = {
    [FIRST]: { kind: 'file' as const, size: PIECE + 1 },
    [SECOND]: { kind: 'file' as const, size: PIECE },
    [EMPTY]: { kind: 'nothing' as const },
    [LAST]: { kind: 'unusable' as const, fault: 'it is a folder' },
  };
  const states = { [SECOND]: { 2: 'absent' as const }, [LAST]: { 3: 'unreadable' as const } };
  assert.deepEqual(verdicts({ good: [1, 1, 0, 0], looks, states }), [
    ['bad', 0, 0, 0, 0],
    ['incomplete', 0, 0, 1, 0],
    ['missing', 0, 0, 0, 0],
    ['uncertain', 0, 0, 0, 1],
    ['bad', 1, 0, 0, 0],
  ]);
});

test('without hashes of pieces, a file is bad as a whole; beside holes, the rest may be right', () => {
  const of = (state: PartState) =>
    verdicts({ good: [1, 0, 0, 1], states: { [SECOND]: { 1: state } }, unhashed: SECOND })[SECOND];
  assert.deepEqual(of('other'), ['bad', 0, 0, 0, 0]);
  assert.deepEqual(of('blank'), ['incomplete', 0, 0, 1, 1]);
});
