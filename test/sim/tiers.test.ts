/** Tracker tiers in virtual time: which tracker is asked at which second. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnnounceReply, TrackerError } from '../../src/main/discovery/announce.ts';
import { REAL_ENVIRONMENT } from '../../src/main/discovery/real-environment.ts';
import { newTracker, Tier } from '../../src/main/discovery/tier.ts';
import { GlobalTimers } from '../support/global-timers.ts';

const reply = (intervalMs = 1_800_000, minIntervalMs = 60_000): AnnounceReply => ({
  reach: 'public',
  peers: [],
  intervalMs,
  minIntervalMs,
  seeders: null,
  leechers: null,
  warning: null,
  trackerId: null,
});

type Behaviour = (n: number) => Promise<AnnounceReply>;
const after = <T>(ms: number, settle: () => T): Promise<T> =>
  new Promise((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(settle());
      } catch (error) {
        reject(error as Error);
      }
    }, ms);
  });
const good =
  (ms: number, intervalMs?: number, minIntervalMs?: number): Behaviour =>
  () =>
    after(ms, () => reply(intervalMs, minIntervalMs));
const bad =
  (ms: number, error: () => TrackerError): Behaviour =>
  () =>
    after(ms, () => {
      throw error();
    });
const silent = bad(15_000, () => new TrackerError('no answer in time'));
const refused = bad(10, () => new TrackerError('no program listens there'));

/** What happened in a tier of these trackers up to `ms`: "second: tracker event", failures with the next try. */
async function life(
  trackers: Readonly<Record<string, Behaviour>>,
  ms: number,
  headStartMs = 1_000,
  during: (tier: Tier, ms: number) => void = () => {},
) {
  const timers = new GlobalTimers();
  const log: string[] = [];
  const asked = new Map<string, number>();
  const at = (): string => String(timers.now / 1_000);
  const tier = new Tier({
    trackers: Object.keys(trackers).map(newTracker),
    headStartMs,
    now: () => timers.now,
    later: REAL_ENVIRONMENT.later,
    ask: ({ url }, event) => {
      const n = (asked.get(url) ?? 0) + 1;
      asked.set(url, n);
      log.push(`${at()}: ${url} ${event}`);
      return (trackers[url] as Behaviour)(n);
    },
    onAnswer: ({ url }) => log.push(`${at()}: ${url} answered`),
    onFailure: ({ url }, _, nextTryMs) =>
      log.push(`${at()}: ${url} failed${nextTryMs === null ? '' : `, next in ${nextTryMs / 1_000}`}`),
  });
  void tier.round();
  for (let passed = 0; passed < ms; passed += 10) {
    // Promises of one moment settle before the next.
    for (let turn = 0; turn < 8; turn++) await null;
    timers.tick(10);
    during(tier, passed + 10);
  }
  for (let turn = 0; turn < 8; turn++) await null;
  tier.end();
  timers.restore();
  return { log, tier };
}

test('the next is asked after a second of silence, and the first that answers stays in front', async () => {
  const { log, tier } = await life({ a: silent, b: silent, c: good(200, 60_000), d: good(1) }, 62_500);
  assert.deepEqual(log, [
    '0: a started',
    '1: b started',
    '2: c started',
    '2.2: c answered',
    '15: a failed',
    '16: b failed',
    '62.2: c none',
    '62.4: c answered',
  ]);
  assert.deepEqual(
    tier.trackers.map(({ url }) => url),
    ['c', 'a', 'b', 'd'],
  );
});

test('after a failure the next is asked at once, and a late answer is also used', async () => {
  const { log, tier } = await life({ a: refused, b: good(2_500), c: good(100) }, 4_000);
  assert.deepEqual(log, [
    '0: a started',
    '0.01: a failed',
    '0.01: b started',
    '1.01: c started',
    '1.11: c answered',
    '2.51: b answered',
  ]);
  assert.deepEqual(
    tier.trackers.filter(({ knowsUs }) => knowsUs).map(({ url }) => url),
    ['c', 'b'],
    'both hear of our end',
  );
});

test('a private torrent has one tracker at a time (BEP 27)', async () => {
  const { log } = await life({ a: silent, b: good(100), c: good(100) }, 16_000, Number.POSITIVE_INFINITY);
  assert.deepEqual(log, ['0: a started', '15: a failed', '15: b started', '15.1: b answered']);
});

test('a temporary failure is tried again after 15 s, then twice as long each time', async () => {
  const { log, tier } = await life({ a: refused }, 110_000);
  assert.deepEqual(log, [
    '0: a started',
    '0.01: a failed, next in 15',
    '15.01: a started',
    '15.02: a failed, next in 30',
    '45.02: a started',
    '45.03: a failed, next in 60',
    '105.03: a started',
    '105.04: a failed, next in 120',
  ]);
  assert.equal(tier.hopeful, true);
});

test('the time that a tracker names is respected, but doubles if it never changes', async () => {
  const busy: Behaviour = (n) =>
    after(10, () => {
      if (n > 3) return reply();
      throw new TrackerError('HTTP status 503', { retryMs: 5_000 });
    });
  const { log } = await life({ a: busy }, 36_000);
  assert.deepEqual(
    log.filter((line) => !line.includes('started')),
    [
      '0.01: a failed, next in 5',
      '5.02: a failed, next in 10',
      '15.03: a failed, next in 20',
      '35.04: a answered',
    ],
  );
});

test('when the network is back, only our own waits end', async () => {
  const told = bad(10, () => new TrackerError('HTTP status 503', { retryMs: 100_000 }));
  const back = (tier: Tier, ms: number): void => {
    // It flaps: three times in a second, and again.
    if ([60_000, 60_300, 60_600, 62_000].includes(ms)) tier.networkBack(false);
  };
  const { log } = await life({ a: refused, b: told }, 101_000, 1_000, back);
  assert.deepEqual(
    log.filter((line) => line.includes('started')),
    [
      '0: a started',
      '0.01: b started',
      '15.01: a started',
      '45.02: a started',
      '60.02: a started',
      '75.02: a started',
      '90.03: a started',
      '100.02: b started',
    ],
  );
});

/** "second: tracker event" of each request. */
const startedAt = (log: readonly string[]): string[] =>
  log
    .filter((line) => / (?:started|none)$/.test(line))
    .map((line) => line.replace(/^[\d.]+/, (seconds) => String(Math.round(Number(seconds)))));

test('a tracker that answers is asked sooner only if it knows us by an old address, and no sooner than it allows', async () => {
  // A tracker hands out our old address until it hears from us. Asking it once a minute does it no harm; `min interval` says more.
  const trackers = { a: good(10, 1_800_000, 60_000), b: good(10) };
  for (const [isStranger, again] of [
    [false, []],
    [true, ['60: a none', '120: a none']],
  ] as const) {
    const { log } = await life(trackers, 130_000, 1_000, (tier, ms) => {
      if ([20_000, 20_300, 70_000].includes(ms)) tier.networkBack(isStranger);
    });
    assert.deepEqual(startedAt(log), ['0: a started', ...again]);
  }
  const strict = { a: good(10, 1_800_000, 300_000) };
  for (const [ms, at] of [
    [20_000, '300'],
    [400_000, '400'],
  ] as const) {
    const { log } = await life(strict, 410_000, 1_000, (tier, now) => {
      if (now === ms) tier.networkBack(true);
    });
    assert.deepEqual(startedAt(log), ['0: a started', `${at}: a none`]);
  }
});

test('a network that comes back while a tracker is asked is not forgotten', async () => {
  const back =
    (isStranger: boolean) =>
    (tier: Tier, ms: number): void => {
      if (ms === 31_000) tier.networkBack(isStranger);
      if (ms === 31_010) tier.networkBack(false);
    };
  const failing = await life({ a: silent }, 80_000, 1_000, back(false));
  assert.deepEqual(startedAt(failing.log), [
    '0: a started',
    '30: a started',
    '45: a started',
    '75: a started',
  ]);
  const slow = await life({ a: good(61_000) }, 130_000, 1_000, back(true));
  assert.deepEqual(startedAt(slow.log), ['0: a started', '121: a none']);
});

test('a tracker that wants a minute of rest is skipped while the others are asked again', async () => {
  const { log } = await life(
    { a: bad(10, () => new TrackerError('refused', { retryMs: 60_000 })), b: refused },
    61_000,
  );
  assert.deepEqual(
    log.filter((line) => line.includes('started')),
    ['0: a started', '0.01: b started', '15.02: b started', '45.03: b started', '60.01: a started'],
  );
});

test('a lasting failure is no hope, and `never` is not asked again (BEP 31)', async () => {
  const never = bad(10, () => new TrackerError('refused', { retryMs: Number.POSITIVE_INFINITY }));
  const gone = bad(10, () => new TrackerError('HTTP status 404', { lasting: true }));
  const { log, tier } = await life({ a: never, b: gone }, 16_000);
  assert.equal(tier.hopeful, false);
  assert.deepEqual(log, [
    '0: a started',
    '0.01: a failed',
    '0.01: b started',
    '0.02: b failed',
    '15.02: b started',
    '15.03: b failed',
  ]);
});
