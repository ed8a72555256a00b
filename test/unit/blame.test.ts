/** Which sender sent bad data, from the senders and hashes of blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Blame } from '../../src/main/download/blame.ts';
import { type PieceIndex, peerIndex } from '../../src/shared/indices.ts';
import { EARLIER_RUN, peerAsSender, senderOf, webSeedAsSender } from '../../src/shared/sender.ts';

const PIECE = 3 as PieceIndex;
const [ONE, TWO, THREE] = [0, 1, 2].map((index) => peerAsSender(peerIndex(index))) as [
  ReturnType<typeof peerAsSender>,
  ReturnType<typeof peerAsSender>,
  ReturnType<typeof peerAsSender>,
];
const WEB = webSeedAsSender(1);

/** 20 bytes per block, all equal to its letter. */
const hashes = (blocks: string): Uint8Array =>
  Buffer.from([...blocks].map((block) => block.repeat(20)).join(''));

test('a sender is a peer or a web seed', () => {
  assert.deepEqual(senderOf(TWO), { peer: 1 });
  assert.deepEqual(senderOf(WEB), { webSeed: 1 });
  assert.deepEqual(senderOf(EARLIER_RUN), { earlierRun: true });
});

test('what an earlier run received is thrown away first, however doubtful the others are', () => {
  const blame = new Blame();
  for (const bad of [7, 8]) blame.failed(bad as PieceIndex, [ONE, TWO], hashes('ab'));
  const { convicted, retry } = blame.failed(PIECE, [ONE, EARLIER_RUN, TWO], hashes('abc'));
  assert.deepEqual({ convicted, retry }, { convicted: null, retry: { avoid: [EARLIER_RUN], solo: false } });
  assert.deepEqual(blame.passed(PIECE, [ONE, TWO, TWO], hashes('axc')), [EARLIER_RUN], 'and no peer');
});

test('a piece from one sender alone convicts it, peer or web seed', () => {
  for (const only of [ONE, WEB])
    assert.deepEqual(new Blame().failed(PIECE, [only, only], hashes('ab')), { convicted: only, retry: null });
});

test('a piece from several: the blocks that differ when it passes convict their senders, and no other', () => {
  const blame = new Blame();
  const { convicted, retry } = blame.failed(PIECE, [ONE, TWO, WEB, TWO], hashes('abcd'));
  assert.equal(convicted, null);
  assert.deepEqual(retry, { avoid: [ONE], solo: false });
  assert.equal(blame.isSuspect(PIECE), true);
  assert.deepEqual(blame.passed(PIECE, [THREE, TWO, WEB, TWO], hashes('xbcy')), [ONE, TWO]);
  assert.equal(blame.isSuspect(PIECE), false);
});

test('the most doubtful sender is left out first: failed pieces for each good one', () => {
  const blame = new Blame();
  for (let piece = 10; piece < 14; piece++) blame.passed(piece as PieceIndex, [ONE], new Uint8Array(0));
  blame.failed(7 as PieceIndex, [TWO, THREE], hashes('ab'));
  blame.failed(8 as PieceIndex, [THREE, ONE], hashes('ab'));
  assert.deepEqual(blame.failed(PIECE, [ONE, TWO, THREE], hashes('abc')).retry?.avoid, [THREE]);
});

test('it fails again and again: one more sender is left out each time, and then one sender must send all of it', () => {
  const blame = new Blame();
  const senders = Array.from({ length: 12 }, (_, index) => peerAsSender(peerIndex(index)));
  const avoided: number[] = [];
  for (let tries = 0; tries < 5; tries++) {
    const { retry } = blame.failed(PIECE, senders.slice(2 * tries, 2 * tries + 2), hashes('ab'));
    avoided.push(retry?.avoid.length ?? -1);
    assert.equal(retry?.solo, tries === 4);
  }
  assert.deepEqual(avoided, [1, 2, 3, 4, 0]);
});
