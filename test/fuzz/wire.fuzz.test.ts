/** The wire decoder with random streams: it never throws, and splitting never changes what it finds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dice, mutated } from '../support/dice.ts';
import { decodeInParts } from '../support/recording-sink.ts';
import { frame, handshakeOf, wire } from '../support/wire-bytes.ts';

const ROUNDS = 3_000;
const PIECES = 20;
const HASH = Buffer.alloc(20, 9);

function randomStream(roll: (below: number) => number): Buffer {
  const parts = [handshakeOf(HASH, 'fuzz', roll(2) === 0 ? ['ext'] : [])];
  for (let i = roll(12); i > 0; i--) {
    const kinds = [
      () => wire.keepAlive,
      () => wire.unchoke,
      () => wire.have(roll(40)),
      () => wire.bitfield('1'.repeat(PIECES)),
      () => wire.piece(roll(PIECES), roll(4) * 16_384, Buffer.alloc(1 + roll(300), roll(256))),
      () => wire.extended(roll(3), 'd1:v3:abce'),
      () => frame(50 + roll(150), Buffer.alloc(roll(200), 1)),
      () => wire.reject(roll(9), roll(9), roll(9)),
    ];
    parts.push((kinds[roll(kinds.length)] as () => Buffer)());
  }
  return Buffer.concat(parts);
}

test(`${ROUNDS} random streams, sound and broken: any split finds the same`, () => {
  let faults = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const roll = dice(seed);
    const sound = randomStream(roll);
    const stream = roll(2) === 0 ? sound : mutated(sound, roll);
    const whole = decodeInParts(stream, [], PIECES);
    if (whole.fault !== null) faults += 1;
    const cuts = Array.from({ length: roll(20) }, () => roll(stream.length + 1)).sort((a, b) => a - b);
    assert.deepEqual(decodeInParts(stream, cuts, PIECES), whole, `seed ${seed}`);
  }
  assert.ok(faults > ROUNDS / 20, `only ${faults} broken streams were seen as such`);
});

test('pure noise after a handshake', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const roll = dice(seed);
    const noise = Buffer.from(Array.from({ length: 400 }, () => roll(256)));
    const stream = Buffer.concat([handshakeOf(HASH, 'noise'), noise]);
    const bytewise = Array.from({ length: stream.length }, (_, i) => i);
    assert.deepEqual(
      decodeInParts(stream, bytewise, PIECES),
      decodeInParts(stream, [], PIECES),
      `seed ${seed}`,
    );
  }
});
