/** Several torrents on one shard: they share its sockets and dials, and each incoming peer finds its torrent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerIndex, type TorrentId } from '../../src/shared/indices.ts';
import { RECONNECT_MS } from '../../src/shared/limits.ts';
import type { TorrentCommand, TorrentEntry } from '../../src/shared/messages.ts';
import { requestHashOf } from '../../src/workers/transport/encryption/mse-handshake.ts';
import { type FakePeer, type FakePeerScript, seedScript } from '../support/fake-peer.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { entryOf, INFO_HASH, type VirtualShardOptions } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const OTHER = Buffer.alloc(20, 0xcd);

/** A shard with a second torrent on it; `posted` has the names of all events of each, in order. */
function two(options: VirtualShardOptions = {}, second: Partial<TorrentEntry> = {}) {
  const shard = new VirtualShard(options);
  const tell = (command: TorrentCommand): void =>
    shard.shard.command({ ...command, torrent: 2 as TorrentId });
  tell({ type: 'enter', entry: { ...entryOf(options), infoHash: OTHER, ...second } });
  return { shard, tell };
}

const of = (shard: VirtualShard, torrent: number, type: string): number =>
  shard.posted.filter((event) => 'torrent' in event && event.torrent === torrent && event.type === type)
    .length;

test('an incoming peer, plain or encrypted, comes to the torrent that it names and to no other', () => {
  const { shard } = two();
  shard.listen();
  const visit = (infoHash: Buffer): FakePeerScript => ({
    script: [
      [0, { say: handshakeOf(infoHash, '-XX0001-peer') }],
      [1, { say: wire.haveNone }],
    ],
  });
  const first = shard.knock(visit(INFO_HASH), '8.8.8.1');
  const second = shard.knock(visit(OTHER), '8.8.8.2');
  const third = shard.knock(visit(OTHER), '8.8.8.3');
  shard.run(100);
  assert.deepEqual([of(shard, 1, 'accepted'), of(shard, 2, 'accepted')], [1, 2]);
  for (const [peer, hash] of [
    [first, INFO_HASH],
    [second, OTHER],
    [third, OTHER],
  ] as const)
    assert.ok(peer.bytesHeard.includes(hash.toString('latin1')), 'answered with its own info hash');
});

test('a torrent that wants no more peers accepts none, and the others do', () => {
  const { shard } = two({}, { workingPeers: 0 });
  shard.listen();
  const peer = shard.knock({ script: [[0, { say: handshakeOf(OTHER, '-XX0001-peer') }]] }, '8.8.8.1');
  const other = shard.knock({ script: [[0, { say: handshakeOf(INFO_HASH, '-XX0001-peer') }]] }, '8.8.8.2');
  shard.run(100);
  assert.deepEqual([peer.destroyed, other.destroyed], [true, false]);
  assert.deepEqual([of(shard, 1, 'accepted'), of(shard, 2, 'accepted')], [1, 0]);
});

test('two torrents with many addresses take turns at the dials of the shard', () => {
  const { shard, tell } = two({ share: { halfOpen: 40, dialRatePerS: 40 } });
  const silent: FakePeerScript = { script: [], connect: { fail: 'connect-timeout', afterMs: 60_000 } };
  const peers = shard.add(...Array.from({ length: 400 }, () => silent));
  tell({
    type: 'addresses',
    addresses: Array.from({ length: 400 }, (_, i) => ({
      peer: peerIndex(i),
      host: '127.0.0.1',
      port: i + 1,
    })),
    lost: false,
  });
  shard.run(100);
  const total = peers.reduce((sum, peer) => sum + peer.dials, 0);
  assert.ok(total >= 40 && total <= 44, `${total} dials in all`);
  shard.run(300);
  const dialing = [1, 2].map((torrent) => {
    const last = shard.posted.findLast(
      (event) => 'torrent' in event && event.torrent === torrent && event.type === 'stats',
    );
    return last?.type === 'stats' ? last.stats.dialed : 0;
  });
  assert.ok(
    dialing.every((count) => count >= 15),
    `each has its part: ${dialing}`,
  );
});

test('a torrent that leaves closes its peers, reports this, and sends nothing more', () => {
  const { shard, tell } = two();
  shard.add({ script: seedScript(INFO_HASH, 8, 100) }, { script: seedScript(OTHER, 8, 100) });
  shard.listen();
  shard.run(1_000);
  assert.equal(shard.shard.open, 1, 'the second serves another torrent');
  tell({ type: 'addresses', addresses: [{ peer: peerIndex(0), host: '127.0.0.1', port: 2 }], lost: false });
  shard.run(1_000);
  const open = shard.shard.open;
  tell({ type: 'leave' });
  assert.equal(of(shard, 2, 'left'), 1);
  assert.equal(of(shard, 2, 'closed'), 1);
  assert.equal(shard.shard.open, open - 1);
  const before = shard.posted.length;
  tell({ type: 'named', peers: [peerIndex(0)] });
  const late = shard.knock({ script: [[0, { say: handshakeOf(OTHER, '-XX0001-peer') }]] }, '8.8.8.1');
  shard.run(60_000);
  assert.equal(late.destroyed, true, 'nothing here has its torrent');
  const news = shard.posted.slice(before).filter((event) => 'torrent' in event && event.torrent === 2);
  assert.deepEqual(news, []);
});

test('two runs with one torrent: when the second leaves, incoming peers come to the first, plain or encrypted', () => {
  const { shard, tell } = two({}, { infoHash: INFO_HASH });
  shard.listen();
  const visit = (host: string): FakePeer =>
    shard.knock(
      {
        script: [
          [0, { say: handshakeOf(INFO_HASH, '-XX0001-peer') }],
          [1, { say: wire.haveNone }],
        ],
      },
      host,
    );
  visit('8.8.8.1');
  shard.run(100);
  assert.deepEqual([of(shard, 1, 'accepted'), of(shard, 2, 'accepted')], [0, 1]);
  tell({ type: 'leave' });
  visit('8.8.8.2');
  shard.run(100);
  assert.deepEqual([of(shard, 1, 'accepted'), of(shard, 2, 'accepted')], [1, 1]);
  assert.notEqual(shard.shard.torrents.hashOfRequest(requestHashOf(INFO_HASH)), null);
});

test('a thousand idle torrents send nothing, and leave nothing behind', () => {
  const { shard } = two();
  const ids = Array.from({ length: 1_000 }, (_, i) => (i + 10) as TorrentId);
  for (const torrent of ids) {
    const infoHash = Buffer.alloc(20);
    infoHash.writeUInt32BE(torrent);
    shard.shard.command({ torrent, type: 'enter', entry: { ...entryOf({}), infoHash } });
  }
  shard.run(1_000);
  const before = shard.posted.length;
  shard.run(10_000);
  assert.deepEqual(shard.posted.slice(before), []);
  for (const torrent of ids) shard.shard.command({ torrent, type: 'leave' });
  assert.equal([...shard.shard.torrents.values()].length, 2);
  assert.equal(shard.posted.filter(({ type }) => type === 'left').length, 1_000);
});

const addressesAt = (...ports: number[]) =>
  ports.map((port) => ({ peer: peerIndex(port - 1), host: '127.0.0.1', port }));

test('a place that one torrent leaves is taken by another at once, be it a dial or an incoming peer', () => {
  const { shard, tell } = two({ share: { openPeers: 1 } });
  const [fake] = shard.add({ script: [], connect: { fail: 'refused', afterMs: 30 } });
  tell({ type: 'addresses', addresses: addressesAt(1), lost: false });
  shard.run(29);
  assert.equal(fake?.dials, 1);
  shard.run(2);
  assert.equal(fake?.dials, 2, 'the other torrent did not wait for the tick');

  const { shard: visited } = two({ share: { openPeers: 1 } });
  visited.listen();
  const visitor = visited.knock({ script: [[30, { say: Buffer.from('no handshake') }]] }, '8.8.8.1');
  const [waiting] = visited.add({ script: [], connect: { fail: 'refused', afterMs: 30 } });
  visited.run(29);
  assert.equal(waiting?.dials, 0);
  visited.run(2);
  assert.deepEqual([visitor.destroyed, waiting?.dials], [true, 1]);
});

test('an outcome is reported at the next tick, although the torrent is idle then', () => {
  const shard = new VirtualShard({});
  shard.add({ script: [], connect: { fail: 'refused', afterMs: 260 } });
  shard.run(501);
  assert.equal(shard.closings.length, 1);
});

test('new addresses of one torrent come before lost ones of another, also where lost ones have the places', () => {
  const { shard, tell } = two({ slots: 2, share: { halfOpen: 3 } });
  const silent: FakePeerScript = { script: [], connect: { fail: 'connect-timeout', afterMs: 60_000 } };
  const fakes = shard.know(...Array.from({ length: 64 }, () => silent));
  const lost = fakes.slice(0, 4);
  shard.command({ type: 'addresses', addresses: addressesAt(1, 2, 3, 4), lost: true });
  shard.run(RECONNECT_MS + 100);
  assert.equal(lost.filter(({ dials, destroyed }) => dials === 1 && !destroyed).length, 3);
  tell({
    type: 'addresses',
    addresses: addressesAt(...Array.from({ length: 60 }, (_, i) => i + 5)),
    lost: false,
  });
  shard.run(5);
  assert.deepEqual(dialing(fakes), [4, 5, 6]);
  shard.run(20_000);
  assert.ok(dialing(fakes).every((index) => index >= 4) && dialing(fakes).length === 3);
  const dialsOfLost = lost.reduce((sum, { dials }) => sum + dials, 0);
  assert.equal(dialsOfLost, 3, 'none was dialled only to make room again');
});

test('a sequential torrent that waits for its peer takes no place from the lost peers of another', () => {
  const { shard, tell } = two({ slots: 2, share: { halfOpen: 2 } }, { strategy: 'sequential' });
  const silent: FakePeerScript = { script: [], connect: { fail: 'connect-timeout', afterMs: 60_000 } };
  const fakes = shard.know(...Array.from({ length: 6 }, () => silent));
  shard.command({ type: 'addresses', addresses: addressesAt(1), lost: true });
  shard.run(RECONNECT_MS - 100);
  tell({ type: 'addresses', addresses: addressesAt(2, 3, 4, 5, 6), lost: false });
  shard.run(1_000);
  assert.deepEqual(dialing(fakes), [0, 1]);
  assert.equal(fakes[0]?.dials, 1, 'it was never withdrawn');
});

/** Which of them are being dialled. */
const dialing = (fakes: readonly FakePeer[]): number[] =>
  fakes.flatMap(({ dials, destroyed }, index) => (dials > 0 && !destroyed ? [index] : []));

test('a torrent that takes no incoming peers takes none where another one listens', () => {
  const { shard } = two({}, { accepts: false });
  shard.listen();
  const peer = shard.knock({ script: [[0, { say: handshakeOf(OTHER, '-XX0001-peer') }]] }, '8.8.8.1');
  shard.run(100);
  assert.equal(peer.destroyed, true);
  assert.equal(of(shard, 2, 'accepted'), 0);
});
