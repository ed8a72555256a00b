/** How a budget is divided among torrents that need different amounts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fairLimit } from '../../src/main/session/fair-limit.ts';

const NO_LIMIT = Number.POSITIVE_INFINITY;

test('torrents that need more than there is get equal parts of what the others leave', () => {
  assert.equal(fairLimit(500, [600, 600]), 250);
  assert.equal(fairLimit(500, [30, 600]), 470);
  assert.equal(fairLimit(500, [100, 300, 300, 0]), 200);
  assert.equal(fairLimit(10, [4, NO_LIMIT, 3]), 4, 'ten for three: none needs to get less than four');
});

test('while all get what they need, each may use the whole budget: a torrent that finds peers uses them at once', () => {
  assert.equal(fairLimit(500, [250, 250]), 500);
  assert.equal(fairLimit(500, []), 500);
});

test('a thousand idle torrents take nothing from one that has peers', () => {
  const idle = Array.from({ length: 1_000 }, () => 0);
  assert.equal(fairLimit(500, [...idle, 300]), 500);
  assert.equal(fairLimit(500, [...idle, NO_LIMIT]), 500);
});

test('each gets one at least, and no limit stays none', () => {
  assert.equal(fairLimit(3, [5, 5, 5, 5, 5]), 1);
  assert.equal(fairLimit(0, [5, 5]), 0);
});
