/** Our port in the router, in virtual time, with a fake router: opened, renewed, lost, found again, closed at the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedLifetimeMs, renewAfterMs, retryAfterMs } from '../../src/main/network/nat/mapping-times.ts';
import type { MappingNews } from '../../src/main/network/nat/port-mapping.ts';
import { type Grant, RouterError, RouterNotNeeded } from '../../src/main/network/nat/router.ts';
import {
  NAT_LIFETIME_MS,
  NAT_MIN_RENEW_MS,
  NAT_REMOVE_MS,
  NAT_RETRY_MAX_MS,
  NAT_RETRY_MS,
} from '../../src/shared/limits.ts';
import { grants, refuses, silent } from '../support/fake-router.ts';
import { mappingLab, open, PORT } from '../support/mapping-lab.ts';

const never = (): Promise<never> => new Promise(() => {});

test('TCP and UDP are opened for an hour, renewed at half of it without news, and closed at the end', async () => {
  const { router, mapping, news, close, minutes, found } = mappingLab();
  assert.equal(mapping.externalPort, null);
  mapping.begin(PORT);
  await minutes(29);
  const wish = { port: PORT, externalPort: PORT, lifetimeMs: 3_600_000 };
  assert.deepEqual(router.wishes, [
    { transport: 'tcp', ...wish },
    { transport: 'udp', ...wish },
  ]);
  assert.deepEqual(news, [open()]);
  assert.equal(mapping.externalPort, PORT);
  await minutes(2);
  assert.equal(router.wishes.length, 4);
  await minutes(180);
  assert.equal(router.wishes.length, 2 * 8);
  assert.deepEqual([news.length, found.searches], [1, 1]);
  assert.ok((await close()) < 100);
  assert.deepEqual(router.removed, [
    { transport: 'tcp', port: PORT, externalPort: PORT },
    { transport: 'udp', port: PORT, externalPort: PORT },
  ]);
});

test('without uTP only TCP is opened', async () => {
  const { router, mapping, news, close, minutes } = mappingLab({ udp: false });
  mapping.begin(PORT);
  await minutes(1);
  assert.deepEqual(news, [open({ transports: ['tcp'] })]);
  assert.equal(router.wishes.length, 1);
  await close();
});

test('another port that the router gives is asked for both, told, and closed', async () => {
  const { router, mapping, news, close, minutes } = mappingLab();
  router.answer = async ({ lifetimeMs }) => ({ externalPort: 50_000, lifetimeMs });
  mapping.begin(PORT);
  await minutes(40);
  assert.deepEqual(
    router.wishes.map(({ externalPort }) => externalPort),
    [PORT, 50_000, 50_000, 50_000],
  );
  assert.deepEqual(news, [open({ externalPort: 50_000 })]);
  assert.equal(mapping.externalPort, 50_000);
  await close();
  assert.deepEqual(
    router.removed.map(({ externalPort }) => externalPort),
    [50_000, 50_000],
  );
});

test('a UDP port that differs from that of TCP is given back', async () => {
  const { router, mapping, news, close, minutes } = mappingLab();
  router.answer = async ({ transport, lifetimeMs }) => ({
    externalPort: transport === 'tcp' ? 50_000 : 50_001,
    lifetimeMs,
  });
  mapping.begin(PORT);
  await minutes(1);
  assert.deepEqual(news, [open({ externalPort: 50_000, transports: ['tcp'] })]);
  assert.deepEqual(router.removed, [{ transport: 'udp', port: PORT, externalPort: 50_001 }]);
  await close();
  assert.deepEqual(router.removed.slice(1), [{ transport: 'tcp', port: PORT, externalPort: 50_000 }]);
});

test('if only UDP is refused, TCP stays', async () => {
  const { router, mapping, news, close, minutes } = mappingLab();
  router.answer = (wish, signal) => (wish.transport === 'udp' ? refuses() : grants(wish, signal));
  mapping.begin(PORT);
  await minutes(1);
  assert.deepEqual(news, [open({ transports: ['tcp'] })]);
  await close();
  assert.deepEqual(router.removed, [{ transport: 'tcp', port: PORT, externalPort: PORT }]);
});

test('a router that does not know its address opens the port all the same', async () => {
  const { router, mapping, news, close, minutes } = mappingLab();
  router.address = silent;
  mapping.begin(PORT);
  await minutes(1);
  assert.deepEqual(news, [open({ address: null })]);
  await close();
});

test('a lifetime of years or of seconds changes nothing but the time of the renewal', async () => {
  for (const [lifetimeMs, renewals] of [
    [1e15, 1],
    [1, 79],
  ] as const) {
    const { router, mapping, close, minutes } = mappingLab({ udp: false });
    router.answer = async ({ externalPort }) => ({ externalPort, lifetimeMs });
    mapping.begin(PORT);
    await minutes(39.75);
    assert.equal(router.wishes.length - 1, renewals, `${lifetimeMs} ms`);
    await close();
  }
});

test('a lost renewal is tried again before the port closes; then it is told once', async () => {
  const { router, mapping, news, close, minutes } = mappingLab({ udp: false });
  mapping.begin(PORT);
  await minutes(1);
  router.answer = refuses;
  await minutes(58);
  assert.ok(router.wishes.length >= 5, `${router.wishes.length} tries`);
  assert.deepEqual(news, [open({ transports: ['tcp'] })]);
  assert.equal(mapping.externalPort, PORT);
  await minutes(60);
  assert.deepEqual(news.slice(1), [
    { kind: 'closed', port: PORT, cause: 'failed', reason: 'it does not allow this' },
  ]);
  assert.equal(mapping.externalPort, null);
  router.answer = grants;
  await minutes(60);
  assert.deepEqual(news.slice(2), [open({ transports: ['tcp'] })]);
  await close();
});

test('without a router the reason is told once, and it is asked less and less often', async () => {
  const { found, mapping, news, close, minutes } = mappingLab();
  found.find = () => Promise.reject(new RouterError('this machine has no router'));
  mapping.begin(PORT);
  await minutes(1);
  assert.deepEqual(news, [
    { kind: 'closed', port: PORT, cause: 'failed', reason: 'this machine has no router' },
  ]);
  await minutes(24 * 60);
  assert.ok(found.searches > 20 && found.searches < 40, `${found.searches} searches in a day`);
  assert.equal(news.length, 1);
  assert.ok((await close()) < 100);
});

test('where no router has to help, the news says so', async () => {
  for (const why of ['no-router', 'public-address'] as const) {
    const { found, mapping, news, close, minutes } = mappingLab();
    found.find = () => Promise.reject(new RouterNotNeeded(why, 'as it is'));
    mapping.begin(PORT);
    await minutes(1);
    assert.deepEqual(news, [{ kind: 'closed', port: PORT, cause: why, reason: 'as it is' }]);
    await close();
  }
});

test('an error that is a bug of ours fails nothing', async () => {
  const { router, mapping, news, close, minutes } = mappingLab();
  router.answer = async () => {
    throw new TypeError('oops');
  };
  mapping.begin(PORT);
  await minutes(1);
  assert.deepEqual(news, [{ kind: 'closed', port: PORT, cause: 'failed', reason: 'TypeError: oops' }]);
  await close();
});

test('the end gives up the search for a router at once', async () => {
  const { found, mapping, news, close, minutes } = mappingLab();
  found.find = silent;
  mapping.begin(PORT);
  await minutes(1);
  assert.ok((await close()) < 100);
  assert.deepEqual(news, []);
});

test('the end waits a moment for a router that does not answer, and no longer', async () => {
  const { router, mapping, close, minutes } = mappingLab();
  mapping.begin(PORT);
  await minutes(1);
  router.onUnmap = never;
  const ms = await close();
  assert.ok(ms >= NAT_REMOVE_MS && ms < NAT_REMOVE_MS + 100, `${ms} ms`);
});

test('the end closes a port that was being opened, and asks for no other', async () => {
  const { router, mapping, news, time } = mappingLab();
  let answer = (_: Grant): void => {};
  router.answer = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  mapping.begin(PORT);
  await time.run(100);
  const closed = mapping.close();
  await time.run(500);
  answer({ externalPort: 50_000, lifetimeMs: NAT_LIFETIME_MS });
  await time.run(100);
  await closed;
  assert.equal(router.wishes.length, 1, 'TCP, and not UDP');
  assert.deepEqual(router.removed, [{ transport: 'tcp', port: PORT, externalPort: 50_000 }]);
  assert.deepEqual(news, []);
  assert.equal(time.timers, 0);
});

test('a listener that comes later is told what is known, and one that left nothing', async () => {
  const { router, mapping, close, minutes } = mappingLab();
  mapping.begin(PORT);
  await minutes(1);
  const late: MappingNews[] = [];
  const leave = mapping.subscribe((news) => late.push(news));
  assert.deepEqual(late, [open()]);
  leave();
  router.answer = refuses;
  await minutes(120);
  assert.equal(late.length, 1);
  await close();
});

test('a port that never listened asks nothing at its end', async () => {
  const { found, router, close } = mappingLab();
  await close();
  assert.deepEqual([found.searches, router.removed.length], [0, 0]);
});

test('times: half the lifetime, and waits that double up to a limit', () => {
  assert.equal(boundedLifetimeMs(7_200_000), NAT_LIFETIME_MS);
  assert.equal(boundedLifetimeMs(60_000), 60_000);
  assert.equal(renewAfterMs(3_600_000), 1_800_000);
  assert.equal(renewAfterMs(0), NAT_MIN_RENEW_MS);
  assert.equal(retryAfterMs(1, 1_800_000), 900_000);
  assert.equal(retryAfterMs(5, 1_000), NAT_MIN_RENEW_MS);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 99].map((failures) => retryAfterMs(failures, -1)),
    [NAT_RETRY_MS, 2 * NAT_RETRY_MS, 4 * NAT_RETRY_MS, 8 * NAT_RETRY_MS, NAT_RETRY_MAX_MS, NAT_RETRY_MAX_MS],
  );
});
