/** The race report as a web page: its content, and that foreign text never becomes markup. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escaped } from '../../src/main/report/html-text.ts';
import { timelineChart } from '../../src/main/report/html-timeline.ts';
import { FlowRecorder } from '../../src/main/report/recording.ts';
import { replays } from '../../src/main/report/strategy-replay.ts';
import { MAX_FLOW_SAMPLES } from '../../src/shared/limits.ts';
import { recordedPeer } from '../support/recorded-peers.ts';

const silent = recordedPeer(
  'silent',
  { dialed: 0, closed: 15_000 },
  { stage: 'dialing', code: 'connect-timeout' },
);
const eager = recordedPeer('eager', { dialed: 0, connected: 20, handshaken: 30, closed: 5_020 });
const slow = recordedPeer('slow', {
  dialed: 0,
  connected: 100,
  handshaken: 120,
  unchoked: 2_100,
  closed: 9_000,
});
const cutOff = recordedPeer('cut off', { dialed: 0, closed: 2_100 }, { stage: 'dialing', code: 'stopped' });

test('the three strategies on one recording', () => {
  assert.deepEqual(replays([silent, eager, slow]), [
    // 15 s of silence, 5.02 s with a peer that closes the connection, 2.1 s.
    { strategy: 'sequential', ms: 15_000 + 5_020 + 2_100, isBound: false },
    // The first to connect closes the connection after 5 s; the other needs 2 s from its connect to its unchoke.
    { strategy: 'first-connect', ms: 5_020 + 2_000, isBound: false },
    { strategy: 'first-unchoke', ms: 2_100, isBound: false },
  ]);
});

test('a peer that was cut off at the end of the run gives a lower bound', () => {
  assert.deepEqual(replays([cutOff, slow])[0], { strategy: 'sequential', ms: 4_200, isBound: true });
  assert.deepEqual(
    replays([cutOff]).map(({ ms }) => ms),
    [null, null, null],
  );
});

test('foreign text is not markup', () => {
  assert.equal(escaped(`<b a="1">&'\u202e`), '&lt;b a=&quot;1&quot;&gt;&amp;&#39;\ufffd');
  const svg = timelineChart([{ ...slow, family: '<script>alert(1)</script>' }], 9_000);
  assert.ok(!svg.includes('<script'), svg);
});

test('the chart has one line per peer, the first to unchoke on top, and hairlines beyond eighty', () => {
  const winner = { ...slow, isWinner: true };
  const svg = timelineChart([silent, eager, winner], 15_000);
  const names = [...svg.matchAll(/class="name">([^<]*)</g)].map((match) => match[1]);
  assert.deepEqual(names, ['★ slow libtorrent', 'eager libtorrent', 'silent libtorrent']);
  assert.equal(svg.match(/class="peer winner"/g)?.length, 1);
  const many = timelineChart([winner, ...new Array(4_999).fill(silent)], 15_000);
  assert.equal(many.match(/<details class="peer/g)?.length, 80);
  assert.match(many, /data-peers="5000".*class="rest" data-peers="4920"/s);
});

test('the data rate has no more samples than a chart shows, from the first to the last', () => {
  const flow = new FlowRecorder();
  for (let ms = 0; ms < 10_000_000; ms += 250) flow.add({ ms, receivedBytes: ms, verifiedBytes: ms });
  assert.ok(flow.samples.length <= MAX_FLOW_SAMPLES && flow.samples.length > MAX_FLOW_SAMPLES / 4);
  assert.equal(flow.samples[0]?.ms, 0);
  assert.ok((flow.samples.at(-1)?.ms ?? 0) > 9_900_000);
});
