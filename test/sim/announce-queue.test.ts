/** The announce queue in virtual time: how many announces at one time, at which second, and in what order. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { AnnounceQueue, Withdrawn } from '../../src/main/discovery/announce-queue.ts';
import type { Need } from '../../src/main/discovery/need.ts';
import { Timetable } from '../../src/main/discovery/timetable.ts';
import { ANNOUNCES_PER_HOST_PER_S, MAX_ANNOUNCES, MAX_ANNOUNCES_PER_HOST } from '../../src/shared/limits.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

const never = new AbortController().signal;

/** A queue, and a log of its announces: "second: name" when each starts. */
function queueing() {
  const environment = new VirtualEnvironment();
  const queue = new AnnounceQueue(environment.now, environment.later);
  const begun: string[] = [];
  let underWay = 0;
  const most = { underWay: 0 };
  const announce = (
    name: string,
    url: string,
    { ms = 100, fails = false, need = 'peers' as Need, isLast = false, withdrawn = never } = {},
  ): Promise<string> =>
    queue.run({ url, need, isLast, withdrawn }, () => {
      begun.push(`${environment.now() / 1_000}: ${name}`);
      underWay += 1;
      most.underWay = Math.max(most.underWay, underWay);
      return new Promise((resolve, reject) => {
        environment.later(ms, () => {
          underWay -= 1;
          if (fails) reject(new Error('no answer'));
          else resolve(name);
        });
      });
    });
  return { environment, queue, begun, most, announce };
}

test('a single announce starts within the call', () => {
  const { begun, announce, environment } = queueing();
  void announce('a', 'http://t/announce');
  assert.deepEqual([begun, environment.timers], [['0: a'], 1], 'and the only timer is its own');
});

test('one host: a limit on announces in progress, and on new ones per second', async () => {
  const { environment, queue, begun, most, announce } = queueing();
  const all = Array.from({ length: 100 }, (_, i) =>
    announce(`${i}`, `http://t:${1_000 + (i % 3)}/announce`, { ms: 1_500 }),
  );
  assert.equal(begun.length, ANNOUNCES_PER_HOST_PER_S);
  await environment.run(12_000);
  await Promise.all(all);
  assert.deepEqual([most.underWay, queue.counts], [MAX_ANNOUNCES_PER_HOST, { underWay: 0, waiting: 0 }]);
  for (let second = 0; second < 10; second++) {
    const inSecond = begun.filter((one) => Math.floor(Number.parseFloat(one)) === second).length;
    assert.ok(inSecond <= ANNOUNCES_PER_HOST_PER_S + 1, `${inSecond} in second ${second}`);
  }
  assert.equal(environment.timers, 0);
});

test('many hosts: a limit on announces in progress, and a silent host does not delay the others', async () => {
  const { environment, most, begun, announce } = queueing();
  const silent = Array.from({ length: 1_000 }, (_, i) =>
    announce('silent', 'http://s/announce', { ms: 15_000 + i }),
  );
  const others = Array.from({ length: 500 }, (_, i) => announce(`${i}`, `http://h${i}/announce`));
  await environment.run(1_000);
  await Promise.all(others);
  assert.equal(most.underWay, MAX_ANNOUNCES);
  assert.equal(begun.filter((one) => one.endsWith('silent')).length, MAX_ANNOUNCES_PER_HOST);
  for (const one of silent) one.catch(() => {});
});

test('a torrent without peers is first, then those that download, then idle ones; each kind in its order', async () => {
  const { environment, begun, announce } = queueing();
  const url = 'http://t/announce';
  for (let i = 0; i < ANNOUNCES_PER_HOST_PER_S; i++) void announce('early', url, { ms: 1 });
  for (const [name, need] of [
    ['idle', 'nothing'],
    ['data 1', 'data'],
    ['peers 1', 'peers'],
    ['data 2', 'data'],
    ['peers 2', 'peers'],
  ] as const)
    void announce(name, url, { need });
  await environment.run(1_000);
  assert.deepEqual(begun.slice(ANNOUNCES_PER_HOST_PER_S), [
    '0.05: peers 1',
    '0.1: peers 2',
    '0.15: data 1',
    '0.2: data 2',
    '0.25: idle',
  ]);
});

test('`completed` and `stopped` obey the limit on announces in progress, but not the rate', async () => {
  const { environment, begun, most, announce } = queueing();
  for (let i = 0; i < 200; i++) void announce(`${i}`, 'http://t/announce', { isLast: true });
  await environment.run(1_010);
  assert.deepEqual([begun.length, most.underWay], [200, MAX_ANNOUNCES_PER_HOST]);
});

test('a failed tracker gets one announce at a time until it answers again', async () => {
  const { environment, begun, announce } = queueing();
  const dead = 'http://t/announce';
  const fail = (name: string) => announce(name, dead, { ms: 15_000, fails: true }).catch(() => {});
  for (const name of ['a', 'b', 'c']) void fail(name);
  await environment.run(15_000);
  begun.length = 0;
  for (const name of ['d', 'e']) void fail(name);
  void announce('f', dead);
  void announce('g', dead);
  void announce('h', dead);
  void announce('other', 'http://t:81/announce');
  await environment.run(31_000);
  assert.deepEqual(begun, ['15: d', '15: other', '30: e', '45: f', '45.1: g', '45.1: h']);
});

test('an announce that waits can be withdrawn, and leaves nothing behind', async () => {
  const { environment, queue, begun, announce } = queueing();
  const url = 'http://t/announce';
  for (let i = 0; i < ANNOUNCES_PER_HOST_PER_S; i++) void announce('early', url);
  const round = new AbortController();
  const waiting = announce('late', url, { withdrawn: round.signal });
  assert.equal(getEventListeners(round.signal, 'abort').length, 1);
  round.abort();
  await assert.rejects(waiting, Withdrawn);
  await assert.rejects(announce('later', url, { withdrawn: round.signal }), Withdrawn);
  await environment.run(2_000);
  assert.equal(begun.length, ANNOUNCES_PER_HOST_PER_S);
  assert.deepEqual([queue.counts.waiting, environment.timers], [0, 0]);
  assert.equal(getEventListeners(round.signal, 'abort').length, 0);
});

test('the timetable has one timer, whatever waits in it, and works in order', async () => {
  const environment = new VirtualEnvironment();
  const timetable = new Timetable(environment.now, environment.later);
  const done: number[] = [];
  const cancels = Array.from({ length: 1_000 }, (_, i) => {
    const ms = 1 + ((i * 7_919) % 1_000);
    return timetable.later(ms, () => done.push(ms));
  });
  assert.deepEqual([timetable.size, environment.timers], [1_000, 1]);
  for (const [i, cancel] of cancels.entries()) if (i % 2 === 0) cancel();
  await environment.run(500);
  assert.deepEqual(
    done,
    [...done].sort((a, b) => a - b),
  );
  assert.deepEqual([done.length + timetable.size, environment.timers], [500, 1]);
  for (const cancel of cancels) cancel();
  assert.deepEqual([timetable.size, environment.timers], [0, 0]);
});
