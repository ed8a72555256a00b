/** When the network counts as back, with second and reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStranger, type NetworkSigns, NetworkWatch } from '../../src/main/network/network-watch.ts';

const QUIET: NetworkSigns = {
  addresses: ['127.0.0.1', '10.0.0.2'],
  inSession: 0,
  connected: 0,
  failedDials: 0,
  answered: 0,
  failedAnnounces: 0,
  bytes: 0,
};

/** Of the calendar. */
const DAY_ONE_MS = 1_800_000_000_000;

/** `[second, reason]` of every return; values that are not given stay unchanged. `calendarS`: if it is another second there. */
function returns(
  ...story: readonly (readonly [second: number, change: Partial<NetworkSigns>, calendarS?: number])[]
) {
  const watch = new NetworkWatch(0);
  let signs = QUIET;
  const seen: [number, string][] = [];
  for (const [second, change, calendarS = second] of story) {
    signs = { ...signs, ...change };
    const back = watch.look(signs, second * 1_000, DAY_ONE_MS + calendarS * 1_000);
    if (back !== null) seen.push([second, back.by === 'success' ? `after ${back.ms / 1_000} s` : back.by]);
  }
  return seen;
}

test('a peer that connects after 40 s of failed dials only', () => {
  const story = [
    [0, {}],
    [10, { connected: 3, inSession: 3 }],
    [20, { inSession: 0 }],
    [40, { failedDials: 5 }],
    [50, { connected: 4, inSession: 1 }],
    [53, { connected: 5, inSession: 2 }],
  ] as const;
  assert.deepEqual(returns(...story), [[50, 'after 40 s']]);
});

test('a tracker that answers after failures only', () => {
  const story = [
    [0, { answered: 1 }],
    [30, { failedAnnounces: 2, failedDials: 9 }],
    [45, { answered: 2 }],
  ] as const;
  assert.deepEqual(returns(...story), [[45, 'after 45 s']]);
});

test('a web seed that sends again after failures only, and not one that never stopped', () => {
  const silent = [
    [0, { bytes: 1_000 }],
    [30, { failedDials: 9 }],
    [45, { bytes: 2_000 }],
  ] as const;
  assert.deepEqual(returns(...silent), [[45, 'after 45 s']]);
  const slow = [
    [0, {}],
    [20, { bytes: 1_000, failedDials: 9 }],
    [40, { bytes: 2_000, failedDials: 30 }],
    [60, { bytes: 3_000, failedDials: 40, failedAnnounces: 3 }],
  ] as const;
  assert.deepEqual(returns(...slow), []);
});

test('no return: a tracker that answers as always beside dead peers, a short pause, bytes that flow, a peer in session', () => {
  const stories = [
    [
      [0, {}],
      [40, { failedDials: 90 }],
      [60, { answered: 1 }],
      [120, { answered: 2, failedDials: 180 }],
    ],
    [
      [0, {}],
      [10, { connected: 1 }],
      [20, { failedDials: 3 }],
      [30, { connected: 2 }],
    ],
    [
      [0, {}],
      [20, { bytes: 1_000, failedDials: 9 }],
      [40, { bytes: 2_000, failedDials: 30 }],
      [45, { connected: 1 }],
    ],
    [
      [0, { inSession: 1 }],
      [40, { failedDials: 9 }],
      [50, { connected: 1, inSession: 2 }],
    ],
    [
      [0, {}],
      [50, { connected: 1 }],
    ],
  ] as const;
  for (const story of stories) assert.deepEqual(returns(...story), []);
});

test('a new or changed address of this machine', () => {
  const story = [
    [0, {}],
    [3, { addresses: ['127.0.0.1'] }],
    [6, { addresses: ['127.0.0.1', '::1', 'fe80::7'] }],
    [9, { addresses: ['10.0.0.2', '127.0.0.1'] }],
    [12, { addresses: ['127.0.0.1', '10.0.0.2'] }],
    [15, { addresses: ['192.168.1.5'] }],
    [18, { addresses: null }],
    [21, { addresses: ['192.168.1.5'] }],
  ] as const;
  assert.deepEqual(returns(...story), [
    [9, 'address'],
    [15, 'address'],
  ]);
});

test('a machine that slept: its calendar has gone on, its monotonic clock has not', () => {
  const story = [
    [0, {}],
    [3, {}],
    // Eight hours.
    [6, {}, 28_806],
    [9, {}, 28_809],
    // The clock is set: a little, and back.
    [12, {}, 28_850],
    [15, {}, 15],
    [18, {}, 18],
    [21, { addresses: ['10.0.0.3'] }, 10_000],
  ] as const;
  assert.deepEqual(returns(...story), [
    [6, 'sleep'],
    [21, 'address'],
  ]);
});

test('others know us by an old address also when the first success comes with the new one', () => {
  for (const [change, calendarS, strange] of [
    [{}, 45, false],
    [{ addresses: ['10.0.0.3'] }, 45, true],
    [{}, 4_500, true],
  ] as const) {
    const watch = new NetworkWatch(0);
    watch.look(QUIET, 0, 0);
    watch.look({ ...QUIET, failedAnnounces: 2 }, 30_000, 30_000);
    const signs = { ...QUIET, failedAnnounces: 2, answered: 1, ...change };
    const back = watch.look(signs, 45_000, calendarS * 1_000);
    assert.equal(back?.by, 'success');
    assert.equal(back !== null && isStranger(back), strange);
  }
});
