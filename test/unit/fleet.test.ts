/** What a fleet decides: where a job runs, what becomes of one that failed, and what is in a job. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetMetrics, fleetTable } from '../../src/main/cli/output/fleet-table.ts';
import { Failure, type FailureCode } from '../../src/main/failure.ts';
import { type JobState, NEW_STATE, stateOf } from '../../src/main/fleet/fleet-job.ts';
import type { FleetStatus } from '../../src/main/fleet/fleet-status.ts';
import { fateOf } from '../../src/main/fleet/job-fate.ts';
import { handedOver, placeOf } from '../../src/main/fleet/job-place.ts';
import { jobDataOf, sourceOf } from '../../src/main/fleet/job-source.ts';
import { queueAddress } from '../../src/main/fleet/queue-address.ts';
import { columnsOf } from '../../src/main/text/columns.ts';
import { parseMagnet } from '../../src/main/torrent/magnet.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { FLEET_AVOID_MS, FLEET_LATER_MS, FLEET_RETRY_MAX_MS } from '../../src/shared/limits.ts';
import { int, list, str, torrentOf } from '../support/torrents.ts';

const HOUR = 3_600_000;
const rules = (machine: string, now = 1_000, affinityMs = 300_000) => ({ machine, now, affinityMs });
const begun: JobState = { ...NEW_STATE, machine: 'alpha', phase: 'downloading', bytes: 5, totalBytes: 9 };

test('a job runs where its data lies, and waits a time for that machine', () => {
  assert.deepEqual(placeOf(NEW_STATE, rules('beta')), { kind: 'here' });
  assert.deepEqual(placeOf(begun, rules('alpha')), { kind: 'here' });
  assert.deepEqual(placeOf({ ...begun, bytes: 0 }, rules('beta')), { kind: 'here' }, 'nothing lies there');
  assert.deepEqual(placeOf(begun, rules('beta', 1_000, 0)), { kind: 'here' }, 'shared storage');
  const place = placeOf(begun, rules('beta'));
  assert.ok(place.kind === 'later');
  assert.equal(place.at, 301_000);
  assert.deepEqual(place.state.waitsFor, { machine: 'alpha', at: 301_000 });
  // A machine that takes it meanwhile does not begin the wait anew.
  const again = placeOf(place.state, rules('gamma', 200_000));
  assert.ok(again.kind === 'later');
  assert.equal(again.at, 301_000);
  assert.deepEqual(placeOf(place.state, rules('gamma', 301_000)), { kind: 'here' });
});

test('a job that was handed over waits for its machine, unless there is nothing to wait for', () => {
  assert.deepEqual(handedOver(begun, rules('alpha')).waitsFor, { machine: 'alpha', at: 301_000 });
  assert.equal(handedOver({ ...begun, bytes: 0 }, rules('alpha')).waitsFor, null);
  assert.equal(handedOver(begun, rules('alpha', 1_000, 0)).waitsFor, null);
  assert.equal(handedOver(begun, rules('alpha')).phase, 'waiting');
});

test('a machine that could not do a job leaves it to others for a time', () => {
  const state: JobState = { ...begun, avoids: { machine: 'alpha', at: 50_000 } };
  const place = placeOf(state, rules('alpha'));
  assert.ok(place.kind === 'later');
  assert.equal(place.at, 1_000 + FLEET_LATER_MS);
  assert.deepEqual(placeOf(state, rules('alpha', 50_000)), { kind: 'here' });
  // The data on the full disk is not waited for.
  const waits = { machine: 'alpha', at: 1_000 };
  assert.deepEqual(placeOf({ ...state, waitsFor: waits }, rules('beta')), { kind: 'here' });
});

test('what becomes of a job that failed depends on the kind of failure', () => {
  const of = (code: FailureCode, failed = 1) => fateOf(code, { failed, most: 5, backoffMs: 60_000 });
  for (const code of ['bad-torrent', 'usage'] as const) assert.deepEqual(of(code), { kind: 'never' });
  for (const code of ['no-peer', 'timeout', 'bad-data', 'bug'] as const)
    assert.deepEqual(of(code), { kind: 'again', afterMs: 60_000, avoidMs: 0 });
  assert.deepEqual(of('disk'), { kind: 'again', afterMs: 60_000, avoidMs: FLEET_AVOID_MS });
  assert.deepEqual(of('no-peer', 4), { kind: 'again', afterMs: 480_000, avoidMs: 0 });
  assert.deepEqual(of('no-peer', 5), { kind: 'never' });
  const long = fateOf('timeout', { failed: 30, most: 100, backoffMs: HOUR });
  assert.deepEqual(long, { kind: 'again', afterMs: FLEET_RETRY_MAX_MS, avoidMs: 0 });
});

test('a state that another version wrote counts only if it can be read', () => {
  assert.deepEqual(stateOf(0), NEW_STATE);
  assert.deepEqual(stateOf({ v: 2, bytes: 7 }), NEW_STATE);
  assert.deepEqual(stateOf({ v: 1, bytes: 7 }), { ...NEW_STATE, bytes: 7 });
});

const WANTED = { select: ['*.iso'], trackers: ['udp://t.example:80'] };

test('a job carries its torrent: tiers, web seeds and nodes come out as they went in', () => {
  const bytes = torrentOf(
    {},
    {
      announce: str('http://one.example/announce'),
      'announce-list': list(
        list(str('http://one.example/announce'), str('http://two.example/announce')),
        list(str('udp://three.example:80')),
      ),
    },
  );
  const tail = Buffer.concat([
    Buffer.from('5:nodes'),
    list(list(str('n.example'), int(6_881))),
    str('url-list'),
    list(str('http://w.example/')),
    Buffer.from('e'),
  ]);
  const metainfo = parseMetainfo(Buffer.concat([bytes.subarray(0, -1), tail]), 'a test');
  assert.equal(metainfo.nodes.length, 1);
  const data = jobDataOf({ kind: 'torrent', metainfo }, WANTED);
  assert.equal(data.ids[0], Buffer.from(metainfo.infoHash).toString('hex'));
  const back = sourceOf(JSON.parse(JSON.stringify(data)));
  assert.ok(back.kind === 'torrent');
  assert.deepEqual(back.metainfo, metainfo);
});

test('a magnet link keeps all that was read of it', () => {
  const v2 = `1220${'ab'.repeat(32)}`;
  const link = `magnet:?xt=urn:btih:${'0c'.repeat(20)}&xt=urn:btmh:${v2}&dn=a%20b&tr=udp%3A%2F%2Ft.example%3A80&ws=http%3A%2F%2Fw.example%2F&x.pe=%5B%3A%3A1%5D%3A6881&so=0,2-4`;
  const magnet = parseMagnet(link);
  const data = jobDataOf({ kind: 'magnet', magnet }, WANTED);
  assert.deepEqual(data.ids, ['0c'.repeat(20), 'ab'.repeat(32)]);
  assert.deepEqual(sourceOf(data), { kind: 'magnet', magnet });
});

test('the URL of a queue: kinds, ports, and no password in any message', () => {
  const host = (url: string) => queueAddress(url, 'unchoke').host;
  assert.equal(host('redis://q.example'), 'q.example:6379');
  assert.equal(host('valkey://:pw@q.example:7000/2'), 'q.example:7000');
  assert.equal(host('postgresql://u:pw@[::1]/jobs'), '[::1]:5432');
  assert.equal(queueAddress('valkeys://:pw@q.example', 'a').url, 'rediss://:pw@q.example');
  for (const [url, name] of [
    ['http://user:secret@q.example', 'unchoke'],
    ['redis//user:secret@q.example', 'unchoke'],
    ['redis://user:secret@q.example', 'a:b'],
    [undefined, 'unchoke'],
  ] as const)
    assert.throws(
      () => queueAddress(url, name),
      (error: unknown) =>
        error instanceof Failure && error.code === 'usage' && !error.message.includes('secret'),
    );
});

const STATUS: FleetStatus = {
  ...{ queue: 'unchoke', host: 'q.example:6379', isPaused: true },
  ...{ waiting: 12, active: 2, delayed: 1, done: 180, failed: 3 },
  machines: [
    {
      ...{ name: 'a-machine-with-a-very-long-name.example', version: '0.1.0', slots: 4, seeds: 7 },
      ...{ downRate: 1_234_567_890, upRate: 1_023_999, isDraining: true, ageMs: 2_000, isSilent: false },
      jobs: [
        {
          ...{ infoHash: '0c'.repeat(20), name: `${'年'.repeat(40)}\u202e.iso`, phase: 'downloading' },
          ...{ bytes: 462, totalBytes: 1_000, rate: 12_345_678 },
        },
        {
          ...{ infoHash: '0d'.repeat(20), name: 'x', phase: 'searching', bytes: 0, totalBytes: 0, rate: 0 },
        },
      ],
    },
    {
      ...{ name: 'b', version: '0.1.0', slots: 1, seeds: 0, downRate: 0, upRate: 0 },
      ...{ isDraining: false, ageMs: 90_000, isSilent: true, jobs: [] },
    },
  ],
  failedJobs: [
    {
      ...{ infoHash: 'ab'.repeat(32), name: 'a torrent with a long name that does not fit', code: 'no-peer' },
      message: 'all of the 12 known peers are lost, and no source will name another one, as it seems',
      ...{ why: 'the trackers refuse this torrent', machine: 'b' },
    },
  ],
};

test('the table fits 80 columns and says who is silent, who ends, and why jobs failed', () => {
  const lines = fleetTable(STATUS);
  for (const line of lines) assert.ok(columnsOf(line) <= 80, line);
  const text = lines.join('\n');
  assert.match(text, /waiting 12 {3}active 2 {3}later 1 {3}done 180 {3}failed 3/);
  assert.match(text, /paused/);
  assert.match(text, /46\.2 %/);
  assert.match(text, /silent for 1 min 30 s/);
  assert.match(text, /takes no more jobs/);
  assert.match(text.replaceAll(/\n {4}/g, ' '), /no-peer on b: all of the 12 .*; why: the trackers refuse/);
  assert.match(text, /and 2 more/);
  assert.doesNotMatch(text, /\u202e/);
});

test('the metrics have one line for each state and machine', () => {
  const text = fleetMetrics({
    ...STATUS,
    machines: STATUS.machines.map((one) => ({ ...one, name: 'a"b' })),
  });
  assert.match(text, /^unchoke_fleet_jobs\{state="failed"\} 3$/m);
  assert.match(text, /^unchoke_fleet_machine_slots\{machine="a\\"b"\} 4$/m);
  assert.match(text, /^unchoke_fleet_paused 1$/m);
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="[^\n]*"\})? \d+)$/);
});
