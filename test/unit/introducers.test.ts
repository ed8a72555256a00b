/** Which peers are asked to introduce us to one that nobody can dial (BEP 55), and how often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Introducers } from '../../src/main/race/introducers.ts';
import { peerIndex } from '../../src/shared/indices.ts';
import { INTRODUCTION_AGAIN_MS, MAX_INTRODUCTION_TRIES } from '../../src/shared/limits.ts';

const KEY = '10.0.0.1:1';
const TARGET = { host: '10.0.0.1', port: 1 };

/** A peer that is lost as soon as it may be introduced again; returns how often it was. */
function introductions(losses: number, each: (introducers: Introducers) => void): number {
  const introducers = new Introducers();
  introducers.named(peerIndex(7), KEY, TARGET);
  let asked = 0;
  for (let loss = 0; loss < losses; loss++) {
    introducers.missed(KEY);
    if (introducers.next(KEY, loss * INTRODUCTION_AGAIN_MS) !== null) asked += 1;
    each(introducers);
  }
  return asked;
}

test('tries that never work end', () => {
  assert.equal(
    introductions(2 * MAX_INTRODUCTION_TRIES, () => {}),
    MAX_INTRODUCTION_TRIES,
  );
});

test('a peer whose introductions work is introduced as often as it is lost', () => {
  const works = (introducers: Introducers): void => {
    introducers.succeeded(KEY);
    introducers.met(KEY);
  };
  assert.equal(introductions(2 * MAX_INTRODUCTION_TRIES, works), 2 * MAX_INTRODUCTION_TRIES);
});
