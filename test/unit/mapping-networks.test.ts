/** Our port in the router when the network of this machine changes: the old router is not ours any longer. In virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouterError } from '../../src/main/network/nat/router.ts';
import { NAT_RETRY_MS } from '../../src/shared/limits.ts';
import { grants } from '../support/fake-router.ts';
import { mappingLab, open, PORT } from '../support/mapping-lab.ts';

test('when the network is back, the router is searched again at once', async () => {
  const { found, mapping, news, router, close, minutes } = mappingLab();
  found.find = () => Promise.reject(new RouterError('this machine has no router'));
  mapping.networkBack();
  assert.equal(found.searches, 0, 'not before there is a port');
  mapping.begin(PORT);
  await minutes(1);
  found.find = async () => router;
  mapping.networkBack();
  await minutes(1);
  assert.deepEqual(news.slice(1), [open()]);
  await close();
});

test('after a change of network, the port of the old router is open no longer, and the new one is asked soon', async () => {
  const { found, mapping, news, router, close, time, minutes } = mappingLab();
  mapping.begin(PORT);
  await minutes(1);
  found.find = () => Promise.reject(new RouterError('this machine has no router'));
  mapping.networkBack();
  await time.run(100);
  const closed = { kind: 'closed', port: PORT, cause: 'failed', reason: 'this machine has no router' };
  assert.deepEqual(news, [open(), closed]);
  assert.equal(mapping.externalPort, null);
  found.find = async () => router;
  await time.run(NAT_RETRY_MS);
  assert.deepEqual(news, [open(), closed, open()]);
  await close();
});

test('a network that comes back while the router is asked or searched is not forgotten', async () => {
  for (const isSearched of [true, false]) {
    const { found, mapping, news, router, close, time } = mappingLab({ udp: false });
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    if (isSearched) found.find = () => held.then(() => router);
    else router.answer = (wish, signal) => held.then(() => grants(wish, signal));
    mapping.begin(PORT);
    await time.run(100);
    found.find = () => Promise.reject(new RouterError('this machine has no router'));
    mapping.networkBack();
    mapping.networkBack();
    go();
    await time.run(100);
    assert.equal(found.searches, 2, 'once more, not twice');
    assert.equal(news.at(-1)?.kind, 'closed');
    assert.equal(mapping.externalPort, null);
    await close();
  }
});
