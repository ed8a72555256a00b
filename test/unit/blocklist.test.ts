/** Blocklists in the usual formats, and the limits for one network and one source. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBlocklist } from '../../src/main/race/blocklist.ts';
import { unheard } from '../../src/main/race/outcomes.ts';
import { PeerList } from '../../src/main/race/peer-list.ts';
import { peerIndex, shardId } from '../../src/shared/indices.ts';
import {
  MAX_PEERS_PER_SOURCE,
  MAX_PEERS_PER_SUBNET,
  MAX_REMEMBERED_INCOMING,
} from '../../src/shared/limits.ts';

test('P2P text, ipfilter.dat, CIDR and single addresses, in one list', () => {
  const list = parseBlocklist(
    [
      '# a comment',
      'Some: Company: Ltd:1.2.3.4-1.2.3.9',
      '001.009.096.000 - 001.009.097.255 , 000 , somebody',
      '5.5.5.5 - 5.5.5.9 , 200 , let in',
      '10.1.0.0/16',
      '192.168.7.7',
      '2001:db8:1::/48',
      'fe80::1',
      '',
    ].join('\r\n'),
    '--blocklist',
    'list',
  );
  for (const host of [
    '1.2.3.4',
    '1.2.3.9',
    '1.9.96.0',
    '1.9.97.255',
    '10.1.255.255',
    '192.168.7.7',
    '::ffff:10.1.2.3',
  ])
    assert.equal(list.blocks(host), true, host);
  for (const host of ['2001:db8:1::9', 'fe80::1']) assert.equal(list.blocks(host), true, host);
  for (const host of ['1.2.3.3', '1.2.3.10', '5.5.5.6', '10.2.0.0', '192.168.7.8', '2001:db8:2::1', 'name'])
    assert.equal(list.blocks(host), false, host);
});

test('ranges that overlap or touch are joined', () => {
  const list = parseBlocklist(
    '9.0.0.10-9.0.0.20\n9.0.0.0-9.0.0.9\n9.0.0.15-9.0.0.30\n8.0.0.0/8',
    '--blocklist',
    'list',
  );
  assert.equal(list.size, 1);
  assert.equal(list.blocks('9.0.0.30'), true);
  assert.equal(list.blocks('9.0.0.31'), false);
});

test('a line that is none of these is named', () => {
  for (const line of [
    'nonsense',
    '1.2.3.4-1.2.3',
    '1.2.3.9-1.2.3.4',
    '1.2.3.4/33',
    '1.2.3.4/x',
    'fe80::/129',
    '300.1.1.1',
  ])
    assert.throws(
      () => parseBlocklist(`1.1.1.1\n${line}`, '--blocklist', 'list'),
      /list, line 2: .* is not a range of addresses/,
      line,
    );
});

test('blocked addresses are not accepted from any source', () => {
  const peers = new PeerList(parseBlocklist('8.8.0.0/16', '--blocklist', 'list'));
  const added = peers.add(
    [
      { host: '8.8.4.4', port: 1 },
      { host: '8.9.4.4', port: 1 },
    ],
    'user',
  );
  assert.deepEqual(
    added.map(({ host }) => host),
    ['8.9.4.4'],
  );
  assert.equal(peers.blocked, 1);
});

test('one network or one source cannot fill the list; the user can', () => {
  const network = Array.from({ length: 200 }, (_, i) => ({ host: `8.8.8.${i}`, port: 6_881 }));
  const peers = new PeerList(null);
  assert.equal(peers.add(network, 'pex').length, MAX_PEERS_PER_SUBNET);
  assert.equal(peers.refused, 200 - MAX_PEERS_PER_SUBNET);
  assert.equal(peers.add(network, 'user').length, 200 - MAX_PEERS_PER_SUBNET);
  const many = Array.from({ length: MAX_PEERS_PER_SOURCE + 10 }, (_, i) => ({
    host: `9.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}`,
    port: 1 + (i % 60_000),
  })).map((peer, i) => ({ ...peer, host: `${20 + (i % 200)}.${(i >>> 8) & 255}.${i & 255}.1` }));
  const fresh = new PeerList(null);
  fresh.add(many, 'pex');
  for (const { peer } of fresh.takeLeaving()) fresh.forget(peer);
  assert.equal(fresh.size, MAX_PEERS_PER_SOURCE);
  const near = Array.from({ length: 200 }, (_, i) => ({ host: `127.0.0.${i + 1}`, port: 1 }));
  assert.equal(new PeerList(null).add(near, 'tracker').length, 200, 'a swarm on this machine is no attack');
});

test('incoming peers: a ban covers the whole address, and those that give nothing are not remembered forever', () => {
  const peers = new PeerList(null);
  const [known] = peers.add([{ host: '8.8.8.8', port: 1 }], 'user');
  assert.ok(known);
  const guest = (n: number) => peerIndex(2 ** 20 + n);
  peers.accept({ peer: guest(0), host: '8.8.8.8', port: 5 });
  assert.deepEqual(peers.sharingHost(known.peer), [guest(0)]);
  assert.equal(peers.ban(known.peer), true);
  assert.equal(peers.isUnwelcome('8.8.8.8'), true);
  for (let n = 1; n < MAX_REMEMBERED_INCOMING + 500; n++) {
    peers.accept({ peer: guest(n), host: '9.9.9.9', port: 5 });
    peers.settle(unheard(guest(n), shardId(1), 'handshaking', 0));
  }
  assert.ok(peers.knownCount - peers.size <= MAX_REMEMBERED_INCOMING + 1);
  peers.settle(unheard(known.peer, shardId(1), 'queued', 0));
  assert.equal(peers.allSettled, false, 'one guest is still here');
  peers.settleAccepted({ position: 0, shards: 1 }, shardId(1), 0);
  assert.equal(peers.allSettled, true);
});

test('an address in several spellings is one address', () => {
  const peers = new PeerList(null);
  const [known] = peers.add([{ host: '8.8.8.8', port: 1 }], 'user');
  assert.ok(known);
  peers.ban(known.peer);
  const same = ['::ffff:8.8.8.8', '0:0:0:0:0:ffff:808:808'].map((host) => ({ host, port: 2 }));
  assert.deepEqual(peers.add(same, 'tracker'), []);
  const six = [
    { host: '2606:4700:0:0:0:0:0:1', port: 1 },
    { host: '2606:4700::1', port: 1 },
  ];
  assert.deepEqual(
    peers.add(six, 'tracker').map(({ host }) => host),
    ['2606:4700::1'],
  );
});
