/** Which job of a fleet does a torrent that has two info hashes, whatever several machines do at one time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JobName, JobNames, type NamedJobs } from '../../src/main/fleet/job-names.ts';
import { dice } from '../support/dice.ts';
import { type Choice, everyOrder, inTurns } from '../support/turns.ts';

const V1 = '0a'.repeat(20);
const V2 = '0b'.repeat(32);
const BOTH = [V1, V2];

type State = 'waiting' | 'active' | 'failed' | 'done';

/** A server in memory. */
class Server {
  readonly jobs = new Map<string, State>();
  readonly names = new Map<string, JobName>();

  /** As one program sees it: each of its calls waits for `step`. */
  program(step: () => Promise<void> = async () => {}): JobNames {
    const { jobs, names } = this;
    const steps: NamedJobs = {
      look: async (id) => {
        await step();
        const state = jobs.get(id);
        if (state === undefined) return 'absent';
        return state === 'failed' ? 'failed' : 'other';
      },
      remove: async (id) => {
        await step();
        return jobs.get(id) !== 'active' && jobs.delete(id);
      },
      named: async (hash) => {
        await step();
        return names.get(hash) ?? null;
      },
      name: async (hash, name) => {
        await step();
        if (!names.has(hash)) names.set(hash, name);
      },
      unname: async (hash) => {
        await step();
        names.delete(hash);
      },
    };
    return new JobNames(steps);
  }

  /** What `fleet add` does. */
  async add(ids: readonly string[], step: () => Promise<void> = async () => {}) {
    return this.program(step).enter(ids, async (id) => {
      await step();
      if (!this.jobs.has(id)) this.jobs.set(id, 'waiting');
    });
  }

  /** What a worker does that has this job and learns both hashes. True: it downloads. */
  async learn(job: string, step: () => Promise<void>): Promise<boolean> {
    const isOurs = (await this.program(step).claim(job, BOTH)) === job;
    if (!isOurs) this.jobs.delete(job);
    return isOurs;
  }

  get left(): string[] {
    return [...this.jobs.keys()];
  }
}

/** All orders of two tasks would take long where they have many steps. */
async function someOrders(count: number, run: (choose: Choice) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= count; seed++) await run(dice(seed));
}

test('a link is a job by its one hash; a .torrent tells the other, and then all names find it', async () => {
  for (const [first, second] of [
    [V1, V2],
    [V2, V1],
  ] as const) {
    const server = new Server();
    assert.deepEqual(await server.add([first]), { id: first, isNew: true });
    assert.equal(server.names.size, 0, 'a torrent of one hash needs no record');
    for (const ids of [BOTH, [second], [first], BOTH])
      assert.deepEqual(await server.add(ids), { id: first, isNew: false });
    assert.deepEqual(server.left, [first]);
    assert.equal(await server.program().find([second]), first);
    assert.deepEqual(await server.program().remove(second), { id: first });
    assert.deepEqual([server.jobs.size, server.names.size], [0, 0], 'nothing is left of it');
    assert.equal(await server.program().remove(first), 'absent');
  }
});

test('a job that a worker has keeps its names', async () => {
  const server = new Server();
  await server.add(BOTH);
  server.jobs.set(V1, 'active');
  assert.equal(await server.program().remove(V2), 'active');
  assert.equal(await server.program().find([V2]), V1);
});

test('of two jobs that turn out to be the same, the one that has not failed goes on', async () => {
  const server = new Server();
  await server.add([V1]);
  await server.add([V2]);
  server.jobs.set(V1, 'failed');
  assert.deepEqual(await server.add(BOTH), { id: V2, isNew: false });
  assert.deepEqual(server.left, [V2]);
});

test('names of a job that is gone count for nothing', async () => {
  const server = new Server();
  await server.add(BOTH);
  // The command that removed it died before it removed the names.
  server.jobs.delete(V1);
  assert.equal(await server.program().find([V2]), null);
  assert.deepEqual(await server.add([V2]), { id: V2, isNew: true });
  assert.deepEqual(await server.add(BOTH), { id: V2, isNew: false });
  assert.equal(await server.program().find([V1]), V2);
});

test('two programs add one torrent at one time: it is one job, in every order of their steps', async () => {
  for (const [first, second] of [
    [[V2], BOTH],
    [[V1], BOTH],
  ] as const) {
    const orders = await everyOrder(async (choose) => {
      const server = new Server();
      await inTurns(
        [first, second].map((ids) => (step) => server.add(ids, step)),
        choose,
      );
      assert.equal(server.left.length, 1);
      for (const id of BOTH) assert.equal(await server.program().find([id]), server.left[0]);
    });
    assert.ok(orders > 1_000, `${orders} orders`);
  }
  await someOrders(2_000, async (choose) => {
    const server = new Server();
    await inTurns(
      [[V2], BOTH, [V1]].map((ids) => (step) => server.add(ids, step)),
      choose,
    );
    assert.equal(server.left.length, 1);
  });
});

test('two workers learn at one time that they have one torrent: one of them downloads, in every order', async () => {
  const first = new Set<string>();
  await someOrders(3_000, async (choose) => {
    const server = new Server();
    for (const id of BOTH) server.jobs.set(id, 'active');
    const downloads = await inTurns(
      BOTH.map((id) => (step) => server.learn(id, step)),
      choose,
    );
    assert.equal(downloads.filter(Boolean).length, 1);
    const [owner] = server.left;
    assert.equal(server.left.length, 1);
    for (const id of BOTH) assert.equal(await server.program().find([id]), owner);
    first.add(owner as string);
  });
  assert.equal(first.size, 2, 'each of them was first in some order');
});

test('a worker learns both hashes while the torrent is added by the other one, or is removed', async () => {
  await someOrders(3_000, async (choose) => {
    const server = new Server();
    server.jobs.set(V2, 'active');
    const tasks = [
      (step: () => Promise<void>) => server.learn(V2, step),
      (step: () => Promise<void>) => server.add([V1], step),
    ];
    await inTurns<unknown>(tasks, choose);
    assert.deepEqual(server.left, [V2]);
  });
  await someOrders(3_000, async (choose) => {
    const server = new Server();
    await server.add([V1]);
    server.jobs.set(V2, 'active');
    const tasks = [
      (step: () => Promise<void>) => server.learn(V2, step),
      (step: () => Promise<void>) => server.program(step).remove(V1),
    ];
    await inTurns<unknown>(tasks, choose);
    assert.deepEqual(server.left, [V2]);
    assert.equal(await server.program().find([V1]), V2);
  });
});
