/** What a share of several torrents says about each and about all. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Console } from '../../src/main/cli/output/console.ts';
import { ShareOutput } from '../../src/main/cli/output/share-output.ts';
import { LastTotals } from '../../src/main/race/phase-totals.ts';
import type { SeedProgress } from '../../src/main/session/events.ts';
import { PLAIN_PROGRESS_MS } from '../../src/shared/limits.ts';
import { shownOn } from '../support/shown-lines.ts';

function progress(uploaded: number, rate: number): SeedProgress {
  const bytes = { bytes: 4_096, totalBytes: 4_096, uploaded, ratio: uploaded / 4_096, rate };
  const peers = { known: 1, wanting: 1, served: 1 };
  return { type: 'progress', work: 'seeding', ...bytes, ...peers, ...new LastTotals().of([]) };
}

/** A share of two torrents, outside of a terminal; `pass` is until the next progress is due. */
function shareOfTwo(t: TestContext, json: boolean) {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const output = new ShareOutput(new Console({ json, quiet: false }), 2, false);
  const pass = (): void => {
    now += PLAIN_PROGRESS_MS;
  };
  return { output, pass };
}

test('the events of each torrent have their own pace', (t) => {
  const numbers: number[] = [];
  t.mock.method(process.stdout, 'write', (text: string) => numbers.push(JSON.parse(text).number) > 0);
  const { output, pass } = shareOfTwo(t, true);
  for (let look = 0; look < 2; look++) {
    for (const number of [1, 2, 2, 1]) output.heard(number, progress(0, 0));
    pass();
  }
  t.mock.restoreAll();
  assert.deepEqual(numbers, [1, 2, 1, 2]);
});

test('the line of all counts a torrent that has ended with what it gave, and with nothing else', (t) => {
  const shown = shownOn(t);
  const { output, pass } = shareOfTwo(t, false);
  output.heard(1, progress(1_024, 2_048));
  pass();
  output.heard(2, progress(2_048, 1_024));
  output.over(1);
  pass();
  output.heard(2, progress(3_072, 1_024));
  t.mock.restoreAll();
  assert.deepEqual(shown, [
    'sharing 2 torrents  2.0 KiB/s  1.0 KiB given  1 of 1 peer get data',
    'sharing 2 torrents  3.0 KiB/s  3.0 KiB given  2 of 2 peers get data',
    'sharing 1 torrent  1.0 KiB/s  4.0 KiB given  1 of 1 peer get data',
  ]);
});

test('the ratio at the end is that of the torrents that were given', (t) => {
  const lines: string[] = [];
  t.mock.method(process.stdout, 'write', (text: string) => lines.push(text) > 0);
  const { output } = shareOfTwo(t, false);
  output.ended([{ bytes: 4_096, uploaded: 2_048, ratio: 0.5, uploadedInAll: 2_048, ms: 3_000 }]);
  t.mock.restoreAll();
  assert.deepEqual(lines, ['given to peers: 2.0 KiB in 3 s, ratio 0.50\n']);
});
