/** What the runs of a torrent have done together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DownloadJob } from '../../src/main/session/download-job.ts';
import { sumsOf } from '../../src/main/session/run-sums.ts';
import { Seeding } from '../../src/main/session/seeding.ts';
import type { TorrentListeners } from '../../src/main/session/torrent-listener.ts';
import type { TorrentSwarm } from '../../src/main/session/torrent-swarm.ts';

const jobOf = (downloaded: number, reused: number, found: number) =>
  ({ download: { bytes: { downloaded, reused, found, wanted: 100 } } }) as unknown as DownloadJob;

test('what an earlier run downloaded is found by the next one, and counts once', () => {
  const first = sumsOf(undefined, jobOf(30, 10, 5), { ms: 7, uploaded: 3, seedMs: 0 });
  assert.deepEqual(first, { ms: 7, downloaded: 30, reused: 10, found: 5, uploaded: 3, seedMs: 0 });
  const all = sumsOf(first, jobOf(55, 0, 45), { ms: 5, uploaded: 4, seedMs: 2 });
  assert.deepEqual(all, { ms: 12, downloaded: 85, reused: 10, found: 5, uploaded: 7, seedMs: 2 });
  const again = sumsOf(first, jobOf(60, 0, 40), { ms: 5, uploaded: 0, seedMs: 0 });
  assert.deepEqual([again.downloaded, again.found], [85, 5], 'a part of it was bad, and was fetched again');
  // A run that ended before its files were looked at changes nothing.
  assert.deepEqual(sumsOf(first, null, { ms: 1, uploaded: 0, seedMs: 0 }), { ...first, ms: 8 });
});

test('files that were removed between two runs come again, and count once', () => {
  const first = sumsOf(undefined, jobOf(20, 80, 0), { ms: 1, uploaded: 0, seedMs: 0 });
  const again = sumsOf(first, jobOf(20, 80, 0), { ms: 1, uploaded: 0, seedMs: 0 });
  assert.deepEqual([again.downloaded, again.reused, again.found], [0, 100, 0]);
});

test('the ratio of a seed counts what its earlier runs gave', async () => {
  const totals = { sentBytes: 5 };
  const looks = { begin: () => () => {} };
  const swarm = { race: { totals }, session: { looks, world: { now: () => 0 } } } as unknown as TorrentSwarm;
  const listeners = { areListening: false } as TorrentListeners;
  const goals = { ratio: 1, time: null };
  const seeding = new Seeding({ swarm, goals, listeners, bytes: 100, earlier: { uploaded: 90, seedMs: 0 } });
  let isOver = false;
  const run = seeding.run(new AbortController().signal).then(() => {
    isOver = true;
  });
  seeding.look();
  await new Promise(setImmediate);
  assert.deepEqual([isOver, seeding.figures.ratio], [false, 0.95]);
  totals.sentBytes = 10;
  seeding.look();
  await run;
});
