/** A shard gives data to peers, in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerIndex, PieceIndex } from '../../src/shared/indices.ts';
import { MAX_FOUND_TOLD_PIECES, UNREADABLE_FILE_MS } from '../../src/shared/limits.ts';
import { BLOCK, blocksOf, complete, GivingShard, leech } from '../support/leech.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

test('main hears at once that a peer wants data; unchoked, it gets what it requests, in order', async () => {
  const one = leech(blocksOf(8));
  const giving = new GivingShard({}, [one]);
  await giving.run(100);
  const first = giving.contenders;
  assert.deepEqual([first?.peers.length, first?.peers[0]?.wants], [1, true]);
  assert.deepEqual(one.blocks(), [], 'it is choked');
  giving.choose([0]);
  await giving.run(400);
  assert.deepEqual(
    one.blocks().map(({ piece, begin, length }) => [piece, begin, length]),
    blocksOf(8),
  );
  await giving.run(1_200);
  const last = giving.contenders;
  assert.deepEqual([last?.peers[0]?.unchoked, last?.peers[0]?.gotBytes], [true, 16 * BLOCK]);
  const stats = giving.shard.events.findLast((event) => event.type === 'stats');
  assert.equal(stats?.type === 'stats' && stats.stats.sentBytes, 16 * BLOCK);
});

test('the last piece and the last block may be short', async () => {
  const one = leech([[7, BLOCK, 100]]);
  const giving = new GivingShard({ totalLength: 7 * 2 * BLOCK + BLOCK + 100 }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(200);
  assert.deepEqual(
    one.blocks().map(({ length }) => length),
    [100],
  );
});

test('a choked peer gets a reject for each request if it knows rejects (BEP 6), else nothing', async () => {
  const says = [[50, Buffer.concat([wire.request(0, 0, BLOCK), wire.request(1, 0, BLOCK)])]] as const;
  const [knows, old] = [leech([], { says }), leech([], { says, fast: false })];
  // With three pieces there is no allowed-fast set.
  const giving = new GivingShard({ pieces: 3, verified: 3 }, [knows, old]);
  await giving.run(500);
  assert.deepEqual(
    knows.rejects().map(({ piece }) => piece),
    [0, 1],
  );
  assert.deepEqual([old.rejects(), old.blocks(), knows.blocks()], [[], [], []]);
});

test('a choke rejects what waits; what is cancelled is rejected and not sent', async () => {
  // One block a second: the others wait.
  const one = leech(blocksOf(4), { says: [[1_500, wire.cancel(3, BLOCK, BLOCK)]] });
  const giving = new GivingShard({ uploadLimit: BLOCK }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(2_000);
  assert.deepEqual(
    one.rejects().map(({ piece, begin }) => [piece, begin]),
    [[3, BLOCK]],
  );
  giving.choose([], [0]);
  await giving.run(10_000);
  assert.equal(one.heard.filter(({ id }) => id === 0).length, 1, 'a choke');
  assert.equal(one.blocks().length + one.rejects().length, 8, 'each request is answered once');
  assert.ok(one.blocks().length <= 4);
});

test('a piece that we do not have is rejected', async () => {
  const one = leech([
    [7, 0, BLOCK],
    [0, 0, BLOCK],
  ]);
  const giving = new GivingShard({ verified: 4 }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(300);
  assert.deepEqual(
    [one.rejects().map(({ piece }) => piece), one.blocks().map(({ piece }) => piece)],
    [[7], [0]],
  );
});

for (const [what, bytes, code] of [
  ['an empty block', wire.request(0, 0, 0), 'bad-request'],
  ['a block beyond the end of its piece', wire.request(0, BLOCK, BLOCK + 1), 'bad-request'],
  ['a huge block', wire.request(0, 0, 131_073), 'bad-request'],
  ['a length that is negative elsewhere', wire.request(0, 0, 0xffff_ffff), 'bad-request'],
  ['a piece that does not exist', wire.request(8, 0, BLOCK), 'bad-piece-index'],
] as const)
  test(`${what} ends the connection: ${code}`, async () => {
    const giving = new GivingShard({ pieceLength: 2 * BLOCK }, [leech([], { says: [[50, bytes]] })]);
    await giving.run(600);
    assert.deepEqual(
      giving.shard.closings.map(([, , why]) => why),
      [code],
    );
  });

test('a block of 128 KiB is given, across the border of two chunks', async () => {
  const one = leech([[0, 200_000, 131_072]]);
  const giving = new GivingShard({ pieces: 1, verified: 1, pieceLength: 524_288 }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(200);
  assert.deepEqual(
    one.blocks().map(({ length }) => length),
    [131_072],
  );
});

test('500 requests wait for a peer; those beyond are rejected', async () => {
  const one = leech(Array.from({ length: 600 }, () => [0, 0, BLOCK]));
  const giving = new GivingShard({ uploadLimit: BLOCK }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(900);
  assert.ok(Math.abs(one.rejects().length - 100) <= 2, `${one.rejects().length} rejects`);
});

test('requests of a choked peer without end are a flood', async () => {
  const flood = Buffer.concat(Array.from({ length: 3_000 }, () => wire.request(0, 0, BLOCK)));
  const says = Array.from({ length: 10 }, (_, i) => [50 + i * 10, flood] as const);
  const giving = new GivingShard({}, [leech([], { says })]);
  await giving.run(1_000);
  assert.deepEqual(
    giving.shard.closings.map(([, , why]) => why),
    ['flood'],
  );
});

test('a peer that requests and takes no byte is closed after a minute, and costs a batch', async () => {
  const one = leech(blocksOf(8), { unread: 65_536 });
  const giving = new GivingShard({}, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(62_000, 250);
  assert.deepEqual(
    giving.shard.closings.map(([, , why]) => why),
    ['unread-backlog'],
  );
  assert.ok(one.blocks().length <= 2, 'only the first write');
});

test('main hears which unchoked peers leave their places unused', async () => {
  const [asks, silent, unread] = [leech(blocksOf(8)), leech(), leech(blocksOf(8), { unread: 65_536 })];
  const giving = new GivingShard({ uploadLimit: BLOCK }, [asks, silent, unread]);
  await giving.run(100);
  giving.choose([0, 1, 2]);
  const idle = () => giving.contenders?.peers.map(({ isIdle }) => isIdle);
  await giving.run(4_000, 25);
  assert.deepEqual(idle(), [false, false, false]);
  await giving.run(6_000, 25);
  assert.deepEqual(idle(), [false, true, true], 'the first waits for its turn within the limit');
});

test('a limit is kept, and two peers get the same', async () => {
  const asks = Array.from({ length: 400 }, (_, i) => [i % 8, 0, BLOCK] as [number, number, number]);
  const [one, other] = [leech(asks), leech(asks)];
  const giving = new GivingShard({ uploadLimit: 8 * BLOCK }, [one, other]);
  await giving.run(100);
  giving.choose([0, 1]);
  await giving.run(20_000, 25);
  const [a, b] = [one.blocks().length, other.blocks().length];
  assert.ok(Math.abs(a + b - 160) <= 3, `${a} + ${b} blocks in 20 s`);
  assert.ok(Math.abs(a - b) <= 1, `${a} and ${b}`);
});

test('a seed closes seeds, keeps those that want data although nobody unchokes it, and asks for nothing', async () => {
  const one = leech(blocksOf(1));
  const giving = new GivingShard({ verified: 0, chokedTimeoutMs: 5_000 }, [one], [complete()]);
  await giving.run(100);
  const { ledger } = giving.shard;
  for (let piece = 0; piece < 8; piece++) ledger?.verify(piece as PieceIndex);
  giving.shard.command({ type: 'seed', files: [] });
  giving.choose([0]);
  await giving.run(10_000, 50);
  assert.deepEqual(
    giving.shard.closings.map(([, , why]) => why),
    ['both-complete'],
  );
  assert.equal(one.blocks().length, 2);
  assert.equal(giving.fakes[0]?.heard.includes(6), false, 'no request');
  assert.equal(giving.fakes[1]?.dials, 1, 'the other seed is not dialled again');
});

test('a new peer of a seed hears that it has everything (BEP 6)', async () => {
  const [knows, old] = [leech(), leech([], { fast: false })];
  const giving = new GivingShard({}, [knows, old]);
  await giving.run(100);
  assert.deepEqual([knows.heard[0]?.id, old.heard[0]?.id], [14, 5]);
});

test('pieces that are not wholly in our files are not announced and not given', async () => {
  const one = leech([
    [2, 0, BLOCK],
    [3, 0, BLOCK],
  ]);
  const kept = Uint8Array.from([1, 1, 1, 0, 1, 1, 1, 1]);
  const giving = new GivingShard({ given: { kept } }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(200);
  assert.equal(one.heard[0]?.id, 5, 'no have-all');
  assert.deepEqual(
    [one.blocks().map(({ piece }) => piece), one.rejects().map(({ piece }) => piece)],
    [[2], [3]],
  );
});

test('a peer that requests again what cannot be read is closed; the next one does not hear of it, until it is time to look again', async () => {
  const half = 4 * 2 * BLOCK;
  const files = [{ path: '/nowhere/at/all', offset: 0, length: half }];
  const padding = [{ offset: half, length: half }];
  const one = leech([
    [0, 0, BLOCK],
    [1, 0, BLOCK],
    [4, 0, BLOCK],
  ]);
  const giving = new GivingShard({ given: { files, padding } }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(200);
  assert.deepEqual(
    [one.rejects().map(({ piece }) => piece), one.blocks().map(({ piece }) => piece)],
    [[0, 1], [4]],
    'the rest is given',
  );
  giving.fakes[0]?.say(wire.request(3, 0, BLOCK));
  await giving.run(300);
  assert.deepEqual(
    giving.shard.closings.map(([, , why]) => why),
    ['unreadable'],
  );
  const [next, later] = [leech(), leech()];
  giving.shard.add(next.script);
  await giving.run(100);
  assert.equal(next.heard[0]?.id, 5, 'not everything');
  await giving.run(UNREADABLE_FILE_MS, 250);
  giving.shard.add(later.script);
  await giving.run(100);
  assert.equal(later.heard[0]?.id, 14, 'everything');
});

test('a file that is not there gives rejects, and main learns which', async () => {
  const one = leech([[0, 0, BLOCK]]);
  const files = [{ path: '/nowhere/at/all', offset: 0, length: 8 * 2 * BLOCK }];
  const giving = new GivingShard({ given: { files, padding: [] } }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(200);
  assert.equal(one.rejects().length, 1);
  const fault = giving.shard.events.find((event) => event.type === 'read-failed');
  assert.deepEqual(fault?.type === 'read-failed' && [fault.code, fault.path], ['ENOENT', '/nowhere/at/all']);
});

test('a seed says that it wants nothing, and closes a peer that says the same (BEP 21)', async () => {
  const script = [
    [0, { say: handshakeOf(INFO_HASH, '-XX0001-partial', ['ext', 'fast']) }],
    [0, { say: wire.bitfield('11110000') }],
    [0, { say: wire.extended(0, 'd1:mde11:upload_onlyi1ee') }],
  ] as const;
  const giving = new GivingShard({}, [], [{ script }]);
  giving.shard.command({ type: 'seed', files: [] });
  await giving.run(600);
  assert.match(giving.fakes[0]?.bytesHeard ?? '', /11:upload_onlyi1e/);
  assert.deepEqual(
    giving.shard.closings.map(([, , why]) => why),
    ['both-complete'],
  );
});

test('of a large torrent that was there, early peers hear of the first pieces, and a node of our cluster of all', async () => {
  const pieces = 20_000;
  const [node, other] = [leech(), leech()];
  const options = { magnet: true, cluster: true, pieces, verified: pieces, pieceLength: BLOCK };
  const giving = new GivingShard(options, [node, other]);
  await giving.run(100);
  giving.shard.setTorrent();
  giving.shard.command({ type: 'admit', peer: 0 as PeerIndex });
  await giving.run(1_000);
  const heardOf = ({ heard }: typeof node) =>
    new Set(heard.filter(({ id }) => id === 4).map(({ piece }) => piece));
  assert.deepEqual([heardOf(node).size, heardOf(other).size], [pieces, MAX_FOUND_TOLD_PIECES]);
});
