/** uTP in virtual time: both halves over lines that lose, duplicate, delay and reorder, and both transports in a race. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_UTP_REORDERED_BYTES } from '../../src/shared/limits.ts';
import { decodeUtp, encodeUtp, UTP_TYPE } from '../../src/workers/transport/utp/utp-packet.ts';
import { dice } from '../support/dice.ts';
import { type Fate, utpLine } from '../support/utp-line.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const ONE_WAY_MS = 20;
const onTime: Fate = () => [ONE_WAY_MS];
const content = (bytes: number): Buffer =>
  Buffer.from(new Uint8Array(bytes).map((_, i) => i * 31 + (i >> 8)));

test('a connection takes one round trip, and both ends say goodbye', () => {
  const time = new VirtualTime();
  const { here, there } = utpLine(time, onTime);
  time.run(2 * ONE_WAY_MS - 1);
  assert.deepEqual(here.log, []);
  time.run(1);
  assert.deepEqual(here.log, ['connected']);
  assert.deepEqual(there.log, [], 'a stranger is not announced');
  here.connection?.write(Buffer.from('hello'));
  time.run(ONE_WAY_MS);
  assert.equal(String(there.bytes), 'hello');
  there.connection?.write(Buffer.from('hello yourself'));
  time.run(2 * ONE_WAY_MS);
  assert.equal(String(here.bytes), 'hello yourself');
  here.connection?.destroy();
  time.run(ONE_WAY_MS);
  assert.deepEqual(there.log, ['over', 'closed-by-peer']);
});

for (const seed of [1, 2, 3, 4]) {
  test(`2 MB each way over a line that loses, doubles and reorders (seed ${seed})`, () => {
    const time = new VirtualTime();
    const roll = dice(seed);
    let lost = 0;
    let doubled = 0;
    const bad: Fate = () => {
      const delay = ONE_WAY_MS + (roll(10) === 0 ? roll(30) : 0);
      const fortune = roll(100);
      if (fortune < 4) lost += 1;
      if (fortune >= 98) doubled += 1;
      return fortune < 4 ? [] : fortune >= 98 ? [delay, delay + 5] : [delay];
    };
    const { here, there } = utpLine(time, bad);
    time.run(5_000);
    const [up, down] = [content(2_000_000), content(2_000_001).subarray(1)];
    here.connection?.write(up);
    time.run(100);
    there.connection?.write(down);
    time.run(600_000);
    assert.ok(there.bytes.equals(up), `${there.bytes.length} of ${up.length} bytes up`);
    assert.ok(here.bytes.equals(down), `${here.bytes.length} of ${down.length} bytes down`);
    assert.ok(lost > 50 && doubled > 20, `${lost} lost, ${doubled} doubled`);
  });
}

test('reordered packets are acknowledged, and only the lost one is sent again', () => {
  const time = new VirtualTime();
  let dropped = 0;
  const { here, there } = utpLine(time, ({ type, sequence }) => {
    if (type !== UTP_TYPE.data || sequence !== 4 || dropped > 0) return [ONE_WAY_MS];
    dropped += 1;
    return [];
  });
  time.run(100);
  here.connection?.write(content(40_000));
  time.run(2_000);
  assert.equal(dropped, 1);
  assert.ok(there.bytes.equals(content(40_000)));
  const sequences = here.sent.filter(({ type }) => type === UTP_TYPE.data).map(({ sequence }) => sequence);
  assert.deepEqual(
    sequences.filter((one, i) => sequences.indexOf(one) !== i),
    [4],
  );
  assert.ok(there.sent.some(({ selectiveAck }) => selectiveAck !== null));
});

test('no answer: two tries, given up after three seconds', () => {
  const time = new VirtualTime();
  const { here } = utpLine(time, () => []);
  time.run(2_950);
  assert.deepEqual([here.sent.length, here.log], [2, []]);
  time.run(100);
  assert.deepEqual(here.log, ['over', 'connect-timeout']);
});

test('the line breaks: a packet that is never acknowledged ends the connection after fifteen seconds', () => {
  const time = new VirtualTime();
  let broken = false;
  const { here } = utpLine(time, () => (broken ? [] : [ONE_WAY_MS]));
  time.run(100);
  broken = true;
  here.connection?.write(content(10));
  time.run(14_900);
  assert.deepEqual(here.log, ['connected']);
  time.run(1_000);
  assert.deepEqual(here.log, ['connected', 'over', 'reset']);
});

test('a window that never opens is probed every fifteen seconds', () => {
  const time = new VirtualTime();
  const { here, there } = utpLine(time, onTime);
  time.run(100);
  const shut = encodeUtp(
    { type: UTP_TYPE.state, connectionId: 77, sentAt: 1, delay: 1, window: 0, sequence: 65_530, ack: 1 },
    null,
    Buffer.alloc(0),
  );
  here.connection?.receive(decodeUtp(shut) as never);
  here.connection?.write(content(5_000));
  time.run(14_000);
  assert.equal(there.bytes.length, 0);
  time.run(2_000);
  assert.ok(there.bytes.equals(content(5_000)), 'the answer to the first packet had room in it');
});

test('early packets from strangers are limited', () => {
  const time = new VirtualTime();
  const { here } = utpLine(time, onTime);
  time.run(100);
  const big = Buffer.alloc(60_000, 1);
  for (let sequence = 0; sequence < 1_000; sequence++) {
    const head = { type: UTP_TYPE.data, connectionId: 77, sentAt: 1, delay: 0, window: 9, ack: 1 };
    const packet = encodeUtp({ ...head, sequence: (65_532 + sequence) & 0xffff }, null, big);
    here.connection?.receive(decodeUtp(packet) as never);
  }
  assert.equal(here.received.length, 0);
  assert.ok(!here.link.budget.take(MAX_UTP_REORDERED_BYTES), 'some was kept');
  assert.ok(here.link.budget.take(MAX_UTP_REORDERED_BYTES - 1_100_000), 'but no more than a window');
  here.connection?.destroy();
});

test('hundreds of packets that are lost at once are sent again in a few seconds, also if some are lost again', () => {
  const time = new VirtualTime();
  const roll = dice(9);
  let isBroken = false;
  let lost = 0;
  const { here, there } = utpLine(time, ({ type }) => {
    if (type !== UTP_TYPE.data || (!isBroken && roll(50) > 0)) return [ONE_WAY_MS];
    if (!isBroken && lost === 0) return [ONE_WAY_MS];
    lost += 1;
    return [];
  });
  time.run(100);
  here.connection?.write(content(6_000_000));
  time.run(350);
  isBroken = true;
  time.run(60);
  isBroken = false;
  assert.ok(lost > 300, `${lost} packets were lost`);
  const before = there.bytes.length;
  time.run(6_000);
  assert.ok(there.bytes.length - before > lost * 1_372, 'all that was lost');
  time.run(40_000);
  assert.ok(there.bytes.equals(content(6_000_000)));
});

test('after a short outage the lost packets are sent again together', () => {
  const time = new VirtualTime();
  let broken = false;
  const { here, there } = utpLine(time, () => (broken ? [] : [ONE_WAY_MS]));
  time.run(100);
  broken = true;
  for (let i = 0; i < 10; i++) {
    here.connection?.write(Buffer.from(`${i}`));
    time.run(20);
  }
  time.run(200);
  broken = false;
  time.run(5_000);
  assert.equal(String(there.bytes), '0123456789');
});

test('data written before the goodbye is sent before it', () => {
  const time = new VirtualTime();
  const { here, there } = utpLine(time, onTime);
  time.run(100);
  here.connection?.write(Buffer.from('last words'));
  here.connection?.destroy();
  time.run(1_000);
  assert.equal(String(there.bytes), 'last words');
  assert.deepEqual(there.log, ['over', 'closed-by-peer']);
});

test('after its end a connection sends no events, wherever it was ended', () => {
  const time = new VirtualTime();
  const { here, there } = utpLine(time, onTime);
  time.run(100);
  there.onData = () => there.connection?.destroy();
  here.connection?.write(content(5_000));
  time.run(1_000);
  assert.deepEqual(there.log, ['over']);
});

test('an answer that does not name our SYN connects nothing', () => {
  const time = new VirtualTime();
  const { here } = utpLine(time, () => []);
  const forged = { type: UTP_TYPE.state, connectionId: 77, sentAt: 1, delay: 0, window: 9, sequence: 5 };
  for (const ack of [0, 2, 40_000]) {
    here.connection?.receive(decodeUtp(encodeUtp({ ...forged, ack }, null, Buffer.alloc(0))) as never);
  }
  assert.deepEqual(here.log, []);
  here.connection?.receive(decodeUtp(encodeUtp({ ...forged, ack: 1 }, null, Buffer.alloc(0))) as never);
  assert.deepEqual(here.log, ['connected']);
});

/** Bytes that are sent at one time when there is far more to send, and the peer takes everything. */
function burst(after: ReturnType<typeof utpLine>, time: VirtualTime): number {
  const before = after.here.sent.length;
  after.here.connection?.write(Buffer.alloc(5_000_000));
  time.run(ONE_WAY_MS);
  return (after.here.sent.length - before) * 1_372;
}

test('a rate that something else limits does not let the window grow: what comes later yields to others as well', () => {
  const time = new VirtualTime();
  const line = utpLine(time, onTime);
  time.run(100);
  for (let i = 0; i < 2_000; i++) {
    line.here.connection?.write(Buffer.alloc(16_384));
    time.run(50);
  }
  assert.equal(line.there.bytes.length, 2_000 * 16_384);
  const bytes = burst(line, time);
  assert.ok(bytes < 8 * 16_384, `${bytes} bytes at once`);
});

/** What may be sent at one time after so many packets, and one more round in which the line loses one or none. */
function windowAfter(packets: number, losses: number): number {
  const time = new VirtualTime();
  let toLose = 0;
  const line = utpLine(time, ({ type, sequence }) => {
    if (toLose === 0 || type !== UTP_TYPE.data || sequence % 50 !== 0) return [ONE_WAY_MS];
    toLose -= 1;
    return [];
  });
  time.run(100);
  // A hundred packets in flight, so that the window stays near that.
  const round = (): void => {
    line.here.connection?.write(Buffer.alloc(100 * 1_372));
    time.run(100);
  };
  while (line.here.sent.length < packets) round();
  toLose = losses;
  round();
  time.run(1_000);
  assert.equal(toLose, 0);
  return burst(line, time);
}

test('a loss halves the window, also after half of all packet numbers without one', () => {
  for (const packets of [1_000, 40_000]) {
    const [whole, half] = [windowAfter(packets, 0), windowAfter(packets, 1)];
    assert.ok(half < 0.6 * whole, `after ${packets} packets ${whole} bytes, with a loss ${half}`);
  }
});

test('an idle connection says something every 29 seconds, so that routers keep it', () => {
  const time = new VirtualTime();
  const { here, there } = utpLine(time, onTime);
  time.run(100);
  here.connection?.write(Buffer.from('hello'));
  time.run(1_000);
  const before = [here.sent.length, there.sent.length];
  time.run(120_000);
  assert.deepEqual(
    [here, there].map(({ sent }, i) => sent.length - (before[i] ?? 0)),
    [4, 4],
  );
  assert.deepEqual([here.log, there.log], [['connected'], []]);
});
