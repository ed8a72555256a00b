/** Tampered uTP packets: nothing throws, and the stream is never wrong, only late or closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_UTP_REORDERED_BYTES } from '../../src/shared/limits.ts';
import {
  decodeUtp,
  encodeUtp,
  UTP_TYPE,
  type UtpPacket,
} from '../../src/workers/transport/utp/utp-packet.ts';
import { dice, mutated } from '../support/dice.ts';
import { utpLine } from '../support/utp-line.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const CONNECTION = { connectionId: 77, sentAt: 5, delay: 5, window: 100_000 };

test('40,000 packets with bytes flipped, cut and doubled', () => {
  let read = 0;
  for (let seed = 1; seed <= 40_000; seed++) {
    const roll = dice(seed);
    const head = { ...CONNECTION, type: UTP_TYPE.data, sequence: roll(65_536), ack: roll(65_536) };
    const mask = roll(2) === 0 ? null : new Uint8Array(4 * (1 + roll(4)));
    const packet = decodeUtp(mutated(encodeUtp(head, mask, Buffer.alloc(roll(40))), roll));
    if (packet !== null) read += 1;
  }
  assert.ok(read > 10_000, `${read} could be read`);
});

test('connections that get any packet at any time', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const roll = dice(seed);
    const time = new VirtualTime();
    const { here, there } = utpLine(time, () => (roll(10) === 0 ? [] : [5 + roll(10)]));
    here.connection?.write(Buffer.alloc(20_000, 7));
    for (let i = 0; i < 40; i++) {
      time.run(roll(200));
      const [end, theirs, ours] =
        roll(2) === 0 ? ([here, 65_530, 1] as const) : ([there, 1, 65_530] as const);
      if (end.connection?.isStranger === false) end.connection.receive(anyPacket(roll, theirs, ours));
      if (roll(4) === 0) end.connection?.write(Buffer.alloc(roll(5_000), 7));
    }
    time.run(60_000);
    here.connection?.destroy();
    assert.ok(here.link.budget.take(MAX_UTP_REORDERED_BYTES), `seed ${seed}: all memory was given back`);
    assert.ok(here.log.filter((word) => word === 'over').length <= 1, `seed ${seed}: over once`);
  }
});

/** Numbers near those that matter, most of the time. */
function anyPacket(roll: (below: number) => number, sequence: number, ack: number): UtpPacket {
  const near = (of: number) => (roll(3) === 0 ? roll(65_536) : (of + roll(40)) & 0xffff);
  return {
    ...CONNECTION,
    type: ([0, 0, 1, 2, 3, 4] as const)[roll(6)] ?? 0,
    window: roll(3) === 0 ? 0 : roll(2 ** 31),
    sequence: near(sequence),
    ack: near(ack),
    selectiveAck: roll(2) === 0 ? null : Buffer.alloc(roll(64), roll(256)),
    payload: Buffer.alloc(roll(100), 9),
  };
}
