/** Which addresses a source may give us. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { believable, reachOf } from '../../src/shared/address-rules.ts';

test('the reach of addresses', () => {
  for (const [host, reach] of [
    ['8.8.8.8', 'public'],
    ['2606:4700::1', 'public'],
    ['172.15.255.255', 'public'],
    ['10.1.2.3', 'private'],
    ['172.31.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['169.254.1.1', 'private'],
    ['fe80::1', 'private'],
    ['fd00::1', 'private'],
    ['127.9.9.9', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:8.8.8.8', 'public'],
    ['0:0:0:0:0:ffff:7f00:1', 'loopback'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b::a00:1', 'private'],
    ['fec0::1', 'private'],
    ['2002:7f00:1::', null],
    ['::ffff:0:127.0.0.1', null],
    ['2001:0:7f00:1::', null],
    ['2001:200::1', 'public'],
    ['64:ff9b:1::7f00:1', 'private'],
    ['3fff::1', null],
    ['::127.0.0.1', null],
    ['1.2.3', null],
    ['1.2.3.4.5', null],
    ['1.2.3.256', null],
    ['01.2.3.4', null],
    ['1..2.3', null],
    ['0.0.0.0', null],
    ['224.0.0.1', null],
    ['255.255.255.255', null],
    ['240.0.0.1', null],
    ['192.0.2.1', null],
    ['::', null],
    ['ff02::1', null],
    ['example.com', null],
    ['', null],
  ] as const)
    assert.equal(reachOf(host), reach, host);
});

test('a public peer may not name private or loopback addresses, and no peer may name port 0', () => {
  const peers = ['8.8.8.8', '10.0.0.1', '127.0.0.1', '224.0.0.1'].map((host) => ({ host, port: 1 }));
  const hosts = (who: 'public' | 'private' | 'loopback') => believable(peers, who).map(({ host }) => host);
  assert.deepEqual(hosts('public'), ['8.8.8.8']);
  assert.deepEqual(hosts('private'), ['8.8.8.8', '10.0.0.1']);
  assert.deepEqual(hosts('loopback'), ['8.8.8.8', '10.0.0.1', '127.0.0.1']);
  assert.deepEqual(believable([{ host: '8.8.8.8', port: 0 }], 'loopback'), []);
});
