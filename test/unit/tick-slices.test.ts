// The tick of many peers: a bounded number in one turn of the event loop, whichever torrents they are of, and each peer once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TICK_SLICE_PEERS } from '../../src/shared/limits.ts';
import type { PeerDriver } from '../../src/workers/peer/peer-driver.ts';
import { TickSlices } from '../../src/workers/shard/tick-slices.ts';

function counted() {
  const turns: (() => void)[] = [];
  let ticks = 0;
  const tick = (): void => {
    ticks += 1;
  };
  const slices = new TickSlices(
    (work) => void turns.push(work),
    (work) => work(),
  );
  const peers = (count: number): PeerDriver[] =>
    Array.from({ length: count }, () => ({ tick }) as unknown as PeerDriver);
  /** How many were ticked by this work. */
  const during = (work: () => void): number => {
    const before = ticks;
    work();
    return ticks - before;
  };
  return { slices, turns, peers, during };
}

test('three hundred torrents of twenty peers are ticked in three turns', () => {
  const { slices, turns, peers, during } = counted();
  const first = during(() => {
    slices.begin();
    for (let torrent = 0; torrent < 300; torrent++) slices.add(peers(20));
  });
  const others: number[] = [];
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) others.push(during(turn));
  assert.deepEqual([first, ...others], [TICK_SLICE_PEERS, TICK_SLICE_PEERS, 6_000 - 2 * TICK_SLICE_PEERS]);
});

test('a tick that comes before the last one is through adds nothing, and the next one goes on as ever', () => {
  const { slices, turns, peers, during } = counted();
  const many = peers(3 * TICK_SLICE_PEERS);
  slices.begin();
  slices.add(many);
  turns.shift()?.();
  assert.equal(
    during(() => [slices.begin(), slices.add(many)]),
    0,
  );
  assert.equal(turns.length, 1);
  assert.equal(
    during(() => turns.shift()?.()),
    TICK_SLICE_PEERS,
  );
  assert.equal(
    during(() => [slices.begin(), slices.add(many)]),
    TICK_SLICE_PEERS,
  );
});
