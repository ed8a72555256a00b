/** The calls for a job that a worker has, where answers are lost or come late. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from 'bullmq';
import { callOwn } from '../../src/main/fleet/call-own.ts';
import { NEW_STATE } from '../../src/main/fleet/fleet-job.ts';
import { heldJob } from '../../src/main/fleet/held-job.ts';
import { LostJob } from '../../src/main/fleet/until-back.ts';

const DONE = { ...NEW_STATE, phase: 'complete' as const, bytes: 9 };
const WAITS = { ...NEW_STATE, waitsFor: { machine: 'alpha', at: Date.now() + 1e9 } };

/** A server with one job, and a worker that took it. */
function taken() {
  const server = {
    state: 'active',
    lock: 'ours' as string | null,
    attempts: 1,
    progress: null as unknown,
    isThere: true,
    records: [] as string[],
    isAnswerLost: false,
  };
  const finish = (state: string, isRemoved: boolean): void => {
    if (server.lock !== 'ours') throw new Error('Missing lock for job 1. moveToFinished');
    Object.assign(server, { state, lock: null, isThere: !isRemoved });
    if (!server.isAnswerLost) return;
    server.isAnswerLost = false;
    throw new Error('Connection is closed.');
  };
  const job = {
    ...{ id: '1', data: {}, progress: 0, attemptsStarted: 1, attemptsMade: 0 },
    opts: {} as { removeOnComplete?: boolean },
    extendLock: async (token: string) => Number(server.lock === token),
    updateProgress: async (progress: unknown) => {
      server.progress = progress;
    },
    moveToCompleted: async () => finish('completed', job.opts.removeOnComplete === true),
    moveToDelayed: async () => finish('delayed', false),
  };
  const held = heldJob(job as unknown as Job, {
    queues: {
      bullmq: { UnrecoverableError: Error as never },
      jobs: {
        getJob: async () => (server.isThere ? ({ attemptsStarted: server.attempts } as never) : undefined),
        getJobState: async () => server.state as never,
      },
    },
    records: { waitFor: async (machine) => void server.records.push(machine) },
    names: { claim: async (id) => id },
    ...{ token: 'ours', lockMs: 3_000 },
  });
  return { server, held };
}

test('a job whose completion was told, but not answered, is complete when the call is repeated', async () => {
  const { server, held } = taken();
  server.isAnswerLost = true;
  await assert.rejects(held.complete(DONE), /Connection is closed/);
  await held.complete(DONE);
  assert.equal(server.state, 'completed');
});

test('a job that another worker has completed was lost', async () => {
  const { server, held } = taken();
  Object.assign(server, { state: 'completed', lock: null, attempts: 2 });
  await assert.rejects(held.complete(DONE), LostJob);
});

test('a job that was left, but not answered, is gone when the call is repeated', async () => {
  const { server, held } = taken();
  server.isAnswerLost = true;
  await assert.rejects(held.leave(), /Connection is closed/);
  await held.leave();
  assert.equal(server.isThere, false);
});

test('a worker that has lost a job changes nothing of it: neither its state, nor the machine that it waits for', async () => {
  const { server, held } = taken();
  server.lock = 'theirs';
  for (const call of [() => held.report(DONE), () => held.putBack(Date.now() + 1e9, WAITS)])
    await assert.rejects(call, LostJob);
  assert.deepEqual([server.progress, server.records], [null, []]);
  server.lock = 'ours';
  await held.putBack(Date.now() + 1e9, WAITS);
  assert.deepEqual([server.state, server.progress, server.records], ['delayed', WAITS, ['alpha']]);
});

test('a record that a job waits for a machine stays until the job waits', async () => {
  const records = ['1'];
  const front: string[] = [];
  let state = 'active';
  const call = () =>
    callOwn(
      'alpha',
      { waitingFor: async () => [...records], waitsNoMore: async () => void records.pop() },
      { stateOf: async () => state, toFront: async (id) => void front.push(id) },
    );
  await call();
  assert.deepEqual([records, front], [['1'], []], 'it is being put back');
  state = 'delayed';
  await call();
  assert.deepEqual([records, front], [[], ['1']]);
  records.push('1');
  state = 'unknown';
  await call();
  assert.deepEqual([records, front], [[], ['1']], 'it was removed');
});
