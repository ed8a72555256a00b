/** How wide texts are on a terminal, and where they are cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, cutTo, fittedTo, withPath } from '../../src/main/text/columns.ts';

test('ideographs and emoji are two columns wide, marks none, everything else one', () => {
  const widths = { '': 0, 'a█━·…': 5, é: 1, 'e\u0301': 1, 電影: 4, ｱ: 1, 한: 2, '🎬x': 3, 𠀀: 2, 'Ü–Я': 3 };
  for (const [text, width] of Object.entries(widths)) assert.equal(columnsOf(text), width, text);
});

test('a text is cut between characters, and never wider than asked', () => {
  assert.equal(cutTo('abcdef', 6), 'abcdef');
  assert.equal(cutTo('abcdef', 5), 'abcd…');
  assert.equal(cutTo('電影電影', 8), '電影電影');
  assert.equal(cutTo('電影電影', 7), '電影電…');
  assert.equal(cutTo('電影電影', 6), '電影…');
  assert.equal(cutTo('🎬🎬', 3), '🎬…');
  assert.equal(cutTo('abc', 1), '…');
  assert.equal(cutTo('abc', 0), '');
});

test('what stands in brackets at the end is left out before anything is cut', () => {
  assert.equal(fittedTo('9 peers (12 known)', 18), '9 peers (12 known)');
  assert.equal(fittedTo('9 peers (12 known)', 17), '9 peers');
  assert.equal(fittedTo('9 peers (12 known)', 6), '9 pee…');
  assert.equal(fittedTo('9 (of 12) peers', 8), '9 (of 1…');
});

test('what is said beside a path gets a line of its own where both do not fit', () => {
  assert.deepEqual(withPath('complete: /a b', '1 MiB in 3 s', 28), ['complete: /a b, 1 MiB in 3 s']);
  assert.deepEqual(withPath('complete: /a b', '1 MiB in 3 s', 27), ['complete: /a b', '  1 MiB in 3 s']);
  assert.deepEqual(withPath('complete: /a b', '1 MiB in 3 s', null), ['complete: /a b, 1 MiB in 3 s']);
});
