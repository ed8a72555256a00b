/** Which addresses the shards get: new ones, again, never, and which make room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dealer } from '../../src/main/race/dealer.ts';
import { unheard } from '../../src/main/race/outcomes.ts';
import { PeerList } from '../../src/main/race/peer-list.ts';
import type { CloseCode } from '../../src/shared/close-reason.ts';
import { type PeerIndex, peerIndex, shardId } from '../../src/shared/indices.ts';
import { MAX_KNOWN_PEERS, MAX_PEERS_PER_SOURCE, MAX_PEERS_PER_SUBNET } from '../../src/shared/limits.ts';
import type { PeerOutcome, TorrentCommand } from '../../src/shared/messages.ts';

const LOST = shardId(1);

function dealing() {
  const peers = new PeerList(null);
  const sent: TorrentCommand[] = [];
  const dealer = new Dealer(peers, 1, (_, command) => sent.push(command));
  return {
    peers,
    dealer,
    /** What was sent since the last look. */
    sent: () => sent.splice(0),
    /** The same, as names and numbers of peers. */
    words: () =>
      sent.splice(0).map((command) => {
        if (command.type === 'addresses')
          return [command.lost ? 'lost' : 'addresses', ...command.addresses.map(({ peer }) => peer)];
        return [command.type, ...('peers' in command ? command.peers : [])];
      }),
  };
}

const lost = (peer: PeerIndex, code: CloseCode, retryInMs: number | null = 10_000): PeerOutcome => ({
  ...unheard(peer, LOST, 'queued', 0, code),
  retryInMs,
});
const addresses = (count: number, first = 0) =>
  Array.from({ length: count }, (_, i) => ({
    host: `${11 + ((first + i) >>> 16)}.${((first + i) >>> 8) & 255}.${(first + i) & 255}.7`,
    port: 6_881,
  }));
const one = [{ host: '8.8.8.8', port: 1 }];

test('a lost peer that a source names again: its shard is told, once per loss', () => {
  const { peers, dealer, words } = dealing();
  assert.equal(dealer.add(one, 'http://tracker'), 1);
  const peer = peerIndex(0);
  assert.deepEqual(words(), [['addresses', 0]]);
  dealer.add(one, 'pex');
  assert.deepEqual(words(), [], 'it is in play');
  for (let again = 0; again < 2; again++) {
    peers.settle(lost(peer, 'refused'));
    dealer.add(one, 'dht');
    dealer.add(one, 'pex');
    assert.deepEqual(words(), [['named', 0]]);
  }
  peers.settle(lost(peer, 'wrong-info-hash', 300_000));
  dealer.add(one, 'dht');
  peers.settle(lost(peer, 'self', null));
  dealer.add(one, 'dht');
  assert.deepEqual(words(), []);
});

test('a shard dies: peers in play or closed by the race are dealt again, lost ones as lost, banned ones never', () => {
  const { peers, dealer, words } = dealing();
  const hosts = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5', '1.1.1.1'];
  dealer.add(
    hosts.map((host, i) => ({ host, port: i + 1 })),
    'http://tracker',
  );
  dealer.add([{ host: '1.1.1.6', port: 7 }], 'dht');
  words();
  const [banned, home, retrying, over] = [0, 1, 2, 3].map((n) => peerIndex(n)) as [
    PeerIndex,
    PeerIndex,
    PeerIndex,
    PeerIndex,
  ];
  peers.ban(banned);
  peers.settle(lost(home, 'race-lost', null));
  peers.settle(lost(retrying, 'reset'));
  peers.settle(lost(over, 'self', null));
  dealer.banish(peers.becamePrivate(), 'private');
  words();
  dealer.replaced(0, LOST, 1_000);
  assert.deepEqual(words(), [
    ['addresses', 1, 4],
    ['lost', 2],
  ]);
  const codes = [0, 5, 6].map((n) => peers.outcomeOf(peerIndex(n))?.reason.code);
  assert.deepEqual(codes, ['bad-data', 'bad-data', 'private'], 'the whole address is banned');
});

test('a private torrent: a peer from a public source is closed, and dealt again when a tracker or the user names it', () => {
  for (const better of ['http://tracker', 'user']) {
    const { peers, dealer, words } = dealing();
    dealer.add(one, 'dht');
    dealer.banish(peers.becamePrivate(), 'private');
    peers.settle(lost(peerIndex(0), 'private', null));
    assert.deepEqual(words(), [
      ['addresses', 0],
      ['banish', 0],
    ]);
    assert.equal(dealer.add(one, 'pex'), 0);
    assert.deepEqual(words(), [], 'not by peer exchange');
    dealer.add(one, better);
    assert.deepEqual(words(), [['addresses', 0]]);
    assert.equal(peers.outcomeOf(peerIndex(0)), undefined, 'it is in play again');
    assert.equal(peers.at(peerIndex(0)).source, better);
    dealer.add(one, better);
    assert.deepEqual(words(), [], 'once');
  }
});

test('the list is full of dead addresses of one source: a good one that is found later has room', () => {
  const { peers, dealer, sent } = dealing();
  dealer.add(addresses(MAX_PEERS_PER_SOURCE), 'pex');
  for (let i = 0; i < MAX_PEERS_PER_SOURCE; i++) peers.settle(lost(peerIndex(i), 'connect-timeout'));
  sent();
  assert.equal(dealer.add(one, 'pex'), 1);
  assert.deepEqual(
    sent().map(({ type }) => type),
    ['addresses', 'forget'],
  );
  assert.equal(peers.size, MAX_PEERS_PER_SOURCE + 1, 'until the shard has forgotten the other');
  dealer.forgotten([peerIndex(0)], []);
  assert.equal(peers.size, MAX_PEERS_PER_SOURCE);
  assert.equal(peers.refused, 1);
  assert.throws(() => peers.at(peerIndex(0)), RangeError, 'no number is given twice');
  assert.equal(dealer.add(addresses(1), 'http://tracker'), 1, 'and it may be named again');
});

test('the list is full of addresses that have not answered yet: the largest source makes room', () => {
  const { peers, dealer } = dealing();
  dealer.add(addresses(MAX_PEERS_PER_SOURCE), 'pex');
  dealer.add(addresses(MAX_KNOWN_PEERS - MAX_PEERS_PER_SOURCE - 10, 100_000), 'dht');
  dealer.add(addresses(10, 200_000), 'http://tracker');
  assert.equal(peers.size, MAX_KNOWN_PEERS);
  assert.equal(dealer.add(one, 'http://tracker'), 1);
  const [leaving] = peers.all.filter(({ peer }) => peers.isLeaving(peer));
  assert.equal(leaving?.source, 'pex');
});

test('one peer names more addresses than there is room for: they make room for those of other peers, not the other way round', () => {
  const { peers, dealer, sent } = dealing();
  const told = (host: string) =>
    peers.all.filter(({ peer }) => !peers.isLeaving(peer) && named.get(peer) === host);
  const named = new Map<PeerIndex, string>();
  const names = (host: string, count: number, first: number): void => {
    const before = peers.all.length;
    dealer.add(addresses(count, first), 'pex', host);
    for (const { peer } of peers.all.slice(before)) named.set(peer, host);
    for (const command of sent()) if (command.type === 'forget') dealer.forgotten(command.peers, []);
  };
  names('9.0.0.1', 60, 500_000);
  names('9.1.0.1', MAX_PEERS_PER_SOURCE + 5_000, 0);
  names('9.2.0.1', 70, 600_000);
  for (const { peer } of told('9.1.0.1')) peers.settle(lost(peer, 'connect-timeout'));
  names('9.1.0.1', 5_000, 100_000);
  names('9.3.0.1', 80, 700_000);
  assert.deepEqual([told('9.0.0.1').length, told('9.2.0.1').length, told('9.3.0.1').length], [60, 70, 80]);
  assert.equal(told('9.1.0.1').length, MAX_PEERS_PER_SOURCE - 210);
});

test('a peer that sent data, completed a handshake, is in play or was named by the user makes no room', () => {
  const { peers, dealer } = dealing();
  const subnet = Array.from({ length: MAX_PEERS_PER_SUBNET }, (_, i) => ({ host: `8.8.8.${i}`, port: 1 }));
  dealer.add(subnet, 'pex');
  const late = [{ host: '8.8.8.200', port: 1 }];
  assert.equal(dealer.add(late, 'pex'), 0, 'they may all be in play');
  const shaken = lost(peerIndex(0), 'reset');
  peers.settle({ ...shaken, timeline: { ...shaken.timeline, handshaken: 5 } });
  peers.settle({ ...lost(peerIndex(1), 'reset'), receivedBytes: 16_384 });
  assert.equal(dealer.add(late, 'pex'), 0);
  peers.settle(lost(peerIndex(2), 'refused'));
  assert.equal(dealer.add(late, 'pex'), 1, 'the dead one went');
  dealer.forgotten([], [peerIndex(2)]);
  assert.equal(peers.at(peerIndex(2)).host, '8.8.8.2', 'its shard was dialling it');
  assert.equal(dealer.add([{ host: '8.8.8.201', port: 1 }], 'pex'), 0);
  const named = new PeerList(null);
  named.add(addresses(MAX_KNOWN_PEERS), 'user');
  assert.equal(named.add(one, 'pex').length, 0, 'whatever the user names is kept');
});

test('a peer that becomes useful while it should make room stays, and is dialled again', () => {
  for (const comes of ['unchoked', 'shook hands'] as const) {
    const { peers, dealer, words } = dealing();
    const subnet = Array.from({ length: MAX_PEERS_PER_SUBNET }, (_, i) => ({ host: `8.8.8.${i}`, port: 1 }));
    dealer.add(subnet, 'pex');
    const dead = lost(peerIndex(0), 'refused');
    peers.settle(dead);
    dealer.add([{ host: '8.8.8.200', port: 1 }], 'pex');
    words();
    const { timeline } = dead;
    if (comes === 'unchoked') peers.keep(peerIndex(0));
    else peers.settle({ ...dead, timeline: { ...timeline, handshaken: 5 } });
    dealer.forgotten([peerIndex(0)], []);
    assert.deepEqual(words(), [['lost', 0]]);
    assert.equal(peers.nameOf(peerIndex(0)), '8.8.8.0:1');
  }
});

test('a peer that makes room while its shard dies is forgotten', () => {
  const { peers, dealer, words } = dealing();
  const subnet = Array.from({ length: MAX_PEERS_PER_SUBNET }, (_, i) => ({ host: `8.8.8.${i}`, port: 1 }));
  dealer.add(subnet, 'pex');
  peers.settle(lost(peerIndex(0), 'refused'));
  dealer.add([{ host: '8.8.8.200', port: 1 }], 'pex');
  words();
  dealer.replaced(0, LOST, 0);
  assert.ok(words().every((word) => !word.slice(1).includes(peerIndex(0))));
  assert.equal(peers.size, MAX_PEERS_PER_SUBNET);
});

test('hope: lost peers that may come back are waited for, those that broke the rules are not', () => {
  const { peers, dealer } = dealing();
  dealer.add(one, 'user');
  assert.deepEqual([peers.allSettled, peers.allLost], [false, false]);
  peers.settle(lost(peerIndex(0), 'refused'));
  assert.deepEqual([peers.allSettled, peers.allLost], [false, true]);
  peers.settle(lost(peerIndex(0), 'wrong-info-hash', 300_000));
  assert.deepEqual([peers.allSettled, peers.allLost], [true, false]);
  assert.equal(peers.isRetrying(peerIndex(0)), true, 'but dialled again, while others keep the run going');
});
