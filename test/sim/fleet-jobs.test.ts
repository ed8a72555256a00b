/** A job of a fleet as a run of a session, over a queue that loses it, answers late or never. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JobState, NEW_STATE } from '../../src/main/fleet/fleet-job.ts';
import type { HeldJob } from '../../src/main/fleet/fleet-queue.ts';
import { type JobEnd, JobRun } from '../../src/main/fleet/job-run.ts';
import { jobDataOf } from '../../src/main/fleet/job-source.ts';
import { GaveUp, LostJob } from '../../src/main/fleet/until-back.ts';
import { DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { FLEET_REPORT_MS } from '../../src/shared/limits.ts';
import { contentOf } from '../simulate/sim-content.ts';
import { aloneMachine } from '../support/virtual-machine.ts';
import { truthKeyOf } from '../support/virtual-storage-threads.ts';
import { handshakeOf } from '../support/wire-bytes.ts';

/** The lease goes by real clocks: it must not end in a test. */
const LOCK_MS = 3_600_000;
const never = new Promise<never>(() => {});

interface Setting {
  readonly isThere: boolean;
  readonly job: Partial<HeldJob>;
}

/** One job on a machine. `isThere`: its data lie there, so it is complete at once. The only peer has nothing. */
function jobOn({ isThere, job }: Setting) {
  const machine = aloneMachine();
  const plan = { offset: 0, pieceLength: 16_384, files: [50_000], private: false };
  const content = contentOf(plan, 'a', [], []);
  machine.truths.set(truthKeyOf(content.metainfo), (piece, length) => content.bytes(piece, 0, length));
  const { disk, loop, net } = machine;
  net.add('11.0.0.1', 1, { script: [[0, { say: handshakeOf(content.infoHash, '-XX0001-none') }]] });
  const folder = disk.make('folder', disk.root, 'data', 0o755);
  if (isThere) {
    const file = disk.make('file', folder, content.metainfo.name, 0o644);
    file.write(content.all, 0, disk.now);
    file.flush();
  }
  const data = jobDataOf({ kind: 'torrent', metainfo: content.metainfo }, { select: [], trackers: [] });
  const id = data.ids[0] ?? '';
  const leaving = new AbortController();
  const run = new JobRun({
    job: {
      ...{ id, data, state: NEW_STATE, attempt: 1, failed: 0, wishes: { attempts: 1, backoffMs: 1 } },
      renew: async () => true,
      claim: async () => id,
      report: async () => {},
      complete: async () => {},
      fail: async () => {},
      leave: async () => {},
      putBack: async () => {},
      ...job,
    },
    session: machine.current.session,
    torrent: {
      ...DEFAULT_TORRENT,
      ...{ output: '/data', seed: { ratio: null, time: null }, peers: [{ host: '11.0.0.1', port: 1 }] },
      ...{ firstUnchokeTimeout: 0, idleTimeout: 0 },
    },
    queueName: 'unchoke',
    lockMs: LOCK_MS,
    place: () => ({ machine: 'alpha', affinityMs: 0, now: 1_000 }),
    onNews: () => {},
    signal: leaving.signal,
  });
  let end: JobEnd | Error | null = null;
  let isGiven = false;
  const begin = (): void => {
    const ended = run.run().then(
      async (how) => {
        end = how;
        await run.given;
        isGiven = true;
      },
      (error: Error) => {
        end = error;
      },
    );
    void ended;
  };
  return {
    ...{ machine, run, leaving, begin },
    later: (ms: number) => loop.run(loop.time.now() + ms),
    end: () => end,
    isGiven: () => isGiven,
    close: async () => {
      await Promise.all([machine.current.session.close(), loop.run(loop.time.now() + 10_000)]);
      assert.deepEqual(machine.left, []);
      assert.deepEqual(machine.bugs, []);
    },
  };
}

test('a torrent that is complete is given to peers until it is told to end', async () => {
  const { run, begin, later, end, isGiven, close } = jobOn({ isThere: true, job: {} });
  begin();
  await later(5_000);
  assert.deepEqual([end(), isGiven()], ['complete', false]);
  run.handOver();
  await later(5_000);
  assert.equal(isGiven(), true);
  await close();
});

test('a job that is lost while the queue is told that it is complete does not leave a seed behind', async () => {
  const { machine, run, begin, later, end, close } = jobOn({
    isThere: true,
    job: { complete: async () => Promise.reject(new LostJob('Missing lock')) },
  });
  const open = machine.current.files.openCount;
  begin();
  await later(20_000);
  assert.equal(end(), 'lost');
  assert.equal(machine.current.files.openCount, open, 'its run has ended');
  assert.equal(run.state.bytes, 50_000);
  await close();
});

test('a report that never ends is not waited for when nobody waits for the queue any more', async () => {
  const { run, leaving, begin, later, end, close } = jobOn({ isThere: false, job: { report: () => never } });
  begin();
  await later(5_000);
  run.handOver();
  await later(20_000);
  assert.equal(end(), null, 'it waits for the queue');
  leaving.abort();
  await later(1_000);
  assert.ok((end() as unknown) instanceof GaveUp);
  await close();
});

test('nor is the first renewal, which comes to nothing when it is answered later', async () => {
  let answer = (_: boolean): void => {};
  const job = {
    renew: () =>
      new Promise<boolean>((resolve) => {
        answer = resolve;
      }),
  };
  const { leaving, begin, later, end, close } = jobOn({ isThere: false, job });
  begin();
  await later(5_000);
  leaving.abort();
  await later(1_000);
  assert.ok((end() as unknown) instanceof GaveUp);
  answer(true);
  await later(1_000);
  await close();
});

test('no report comes after the last word about a job, however long that takes', async () => {
  const said: JobState['phase'][] = [];
  let isHeard = (): void => {};
  const { run, begin, later, end, close } = jobOn({
    isThere: false,
    job: {
      report: async ({ phase }) => void said.push(phase),
      putBack: (_, { phase }) => {
        said.push(phase);
        return new Promise((resolve) => {
          isHeard = resolve;
        });
      },
    },
  });
  begin();
  await later(2 * FLEET_REPORT_MS + 100);
  run.handOver();
  await later(4 * FLEET_REPORT_MS);
  isHeard();
  await later(100);
  assert.equal(end(), 'handed-over');
  assert.ok(said.length > 2);
  assert.equal(said.indexOf('waiting'), said.length - 1);
  await close();
});
