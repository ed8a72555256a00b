/** The figures of the race report. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unheard } from '../../src/main/race/outcomes.ts';
import { type StageTimes, stageTimes } from '../../src/main/report/race-report.ts';
import { peerIndex, shardId } from '../../src/shared/indices.ts';
import { NO_TIMES, type Timeline } from '../../src/shared/timeline.ts';

const outcome = (peer: number, timeline: Partial<Timeline>) => ({
  ...unheard(peerIndex(peer), shardId(1), 'handshaking', 9_000),
  timeline: { ...NO_TIMES, ...timeline },
});
const of = (times: readonly StageTimes[], stage: string) =>
  times.filter((row) => row.stage === stage && row.family === 'all').map(({ ms }) => [ms.n, ms.p50]);

test('no stage has a negative time: blocks before the unchoke are in none', () => {
  const session = { dialed: 100, connected: 110, handshaken: 130 };
  const times = stageTimes(
    [
      outcome(0, { ...session, firstBlock: 500, unchoked: 900 }),
      outcome(1, { ...session, unchoked: 400, firstBlock: 450 }),
      outcome(2, { ...session, firstBlock: 500 }),
    ],
    50,
  );
  assert.deepEqual(
    ['dial', 'connect', 'handshake', 'unchoke', 'firstBlock'].map((stage) => of(times, stage)),
    [[[3, 50]], [[3, 10]], [[3, 20]], [[2, 270]], [[1, 50]]],
  );
});

test('an incoming peer that unchoked before main knew it gives no negative time', () => {
  const times = stageTimes([outcome(0, { connected: 20, handshaken: 30, unchoked: 40 })], 50);
  assert.deepEqual(
    times.map(({ ms }) => ms.p50 >= 0),
    [true, true, true, true],
  );
});
