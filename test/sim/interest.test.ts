/** Whether a peer is useful to us: what we tell it, and whether it counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakePeerScript, Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { download, seed } from '../support/virtual-download.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shake = say(0, handshakeOf(INFO_HASH, '-XX0001-peer', ['fast']));
const downloading = { slots: 4, chokedTimeoutMs: 600_000 };
/** The interested and not-interested messages that a peer received. */
const interestIn = (heard: readonly number[] | undefined) => heard?.filter((id) => id === 2 || id === 3);

test('interest that may have been lost with our handshake is sent again after a second, unless it was heard', () => {
  const shard = new VirtualShard(downloading);
  const peers = shard.add(
    { script: [shake, say(1, wire.haveAll)] },
    { script: [shake, say(1, wire.haveAll), say(500, wire.unchoke)] },
    { script: [shake, say(1, wire.haveNone)] },
    { script: [shake, say(1, wire.haveNone), say(900, wire.have(1))] },
  );
  shard.run(950);
  assert.deepEqual(
    peers.map(({ heard }) => interestIn(heard)),
    [[2], [2], [2, 3], [2, 3, 2]],
  );
  shard.run(60_000);
  assert.deepEqual(
    peers.map(({ heard }) => interestIn(heard)),
    [[2, 2], [2], [2, 3], [2, 3, 2]],
  );
});

test('interest is taken back when everything that a peer has is verified, and sent again with a new piece', () => {
  const some: FakePeerScript = {
    script: [shake, say(1, wire.bitfield('11000000')), say(8_000, wire.have(7))],
  };
  const { fakes, verified } = download({ slots: 4, pieces: 8 }, 7_000, [
    { ...seed(), serves: (piece, begin, length) => (piece < 7 ? payload(piece, begin, length) : null) },
    some,
  ]);
  assert.equal(verified, 7);
  const [, peer] = fakes;
  assert.deepEqual(interestIn(peer?.heard), [2, 3]);
});

test('a search through a large torrent is done in parts, and the last result holds meanwhile', () => {
  const pieces = 100_000;
  const shard = new VirtualShard({ ...downloading, pieces, pieceLength: 16_384, verified: 60_000 });
  const bits = `${'0'.repeat(30_000)}1${'0'.repeat(pieces - 30_002)}1`;
  const [peer, useless] = shard.add(
    { script: [shake, say(1, wire.bitfield(bits))] },
    { script: [shake, say(1, wire.bitfield(`1${'0'.repeat(pieces - 1)}`))] },
  );
  shard.run(5_000);
  assert.deepEqual([interestIn(peer?.heard), interestIn(useless?.heard)?.at(-1)], [[2, 2], 3]);
});

for (const [name, told] of [
  ['a second bitfield', [wire.bitfield('10000000'), wire.bitfield('11100000')]],
  ['a bitfield after have-none', [wire.haveNone, wire.bitfield('11100000')]],
  ['have-all after a bitfield', [wire.bitfield('11100000'), wire.haveAll]],
  ['a bitfield after haves', [wire.have(0), wire.have(7), wire.bitfield('11100000')]],
  ['have-none after a bitfield', [wire.bitfield('11100000'), wire.haveNone]],
] as const) {
  const script = [shake, ...told.map((bytes, i) => say(1 + 20 * i, bytes)), say(200, wire.unchoke)];
  test(`${name}: the peer stays, and has everything that it ever announced`, () => {
    const { shard, verified, ledger } = download({ slots: 8 }, 3_000, [
      { script, serves: payload, delayMs: 5 },
    ]);
    assert.equal(shard.closings.length, 0);
    const expected = { 'have-all after a bitfield': 8, 'a bitfield after haves': 4 };
    assert.equal(verified, expected[name as keyof typeof expected] ?? 3);
    assert.equal(ledger.availabilityOf(1 as never), 1, 'counted once');
  });
  test(`${name}, of a magnet link: the same`, () => {
    const shard = new VirtualShard({ ...downloading, magnet: true, slots: 8 });
    shard.add({ script, serves: payload, delayMs: 5 });
    shard.run(1_000);
    shard.setTorrent();
    shard.run(2_000);
    assert.equal(shard.closings.length, 0);
    const expected = { 'have-all after a bitfield': 8, 'a bitfield after haves': 4 };
    assert.equal(shard.full.length, expected[name as keyof typeof expected] ?? 3);
  });
}

const useless: FakePeerScript = { script: [shake, say(1, wire.haveNone), say(2, wire.unchoke)] };

test('peers that unchoke us and have nothing do not count against --max-peers', () => {
  const { shard, verified, fakes } = download({ slots: 8, workingPeers: 2 }, 3_000, [
    useless,
    useless,
    useless,
    seed(),
  ]);
  assert.deepEqual([fakes.map(({ dials }) => dials), shard.closings.length], [[1, 1, 1, 1], 0]);
  assert.equal(verified, 8);
});

test('peers that unchoke us, claim everything and send nothing do not count once this is known', () => {
  const silent = seed({ serves: () => null });
  const { shard, verified, fakes } = download({ slots: 8, workingPeers: 2 }, 40_000, [
    silent,
    silent,
    seed(),
  ]);
  assert.ok((fakes[0]?.requests.length ?? 0) > 0, 'it owed blocks');
  assert.deepEqual([shard.unchokes.length, shard.unchokes[2]], [3, 20_350]);
  assert.equal(verified, 8);
});

test('peers that reject every request do not count either', () => {
  const rejects = seed({
    script: [shake, say(1, wire.haveAll), say(2, wire.unchoke)],
    hears: (peer, id, message) => {
      const [piece, begin, length] = [0, 4, 8].map((at) => (id === 6 ? message.readUInt32BE(at) : 0));
      if (id === 6) peer.sayLater(5, wire.reject(piece ?? 0, begin ?? 0, length ?? 0));
      return id === 6;
    },
  });
  const options = { slots: 8, workingPeers: 1 };
  const away = { untilMs: 5_000, fail: 'refused' } as const;
  const { fakes, verified } = download(options, 60_000, [rejects, seed({ away })]);
  assert.ok((fakes[0]?.heard.filter((id) => id === 6).length ?? 0) >= 16, 'it was asked');
  assert.deepEqual([fakes[1]?.dials, verified], [2, 8]);
});

test('a peer that sends nothing makes room even if only lost peers wait', () => {
  const shard = new VirtualShard({ ...downloading, workingPeers: 1, magnet: true });
  const away = { untilMs: 5_000, fail: 'refused' } as const;
  const [useless, lost] = shard.add({ script: [shake, say(2, wire.unchoke)] }, seed({ away }));
  shard.run(29_000);
  assert.deepEqual([useless?.destroyed, lost?.dials], [false, 1]);
  shard.run(4_000);
  assert.deepEqual([useless?.destroyed, lost?.dials], [true, 2]);
});

test('a peer that falls silent and then continues counts again', () => {
  const shard = new VirtualShard({ ...downloading, workingPeers: 1, slots: 8 });
  const [peer] = shard.add(seed({ serves: () => null }));
  shard.run(24_000);
  const [asked] = peer?.requests ?? [];
  assert.ok(asked !== undefined, 'it owes blocks');
  assert.equal(shard.torrent.working.size, 0);
  peer?.say(wire.piece(asked.piece, asked.begin, payload(asked.piece, asked.begin, asked.length)));
  assert.equal(shard.torrent.working.size, 1);
});

test('when sockets are scarce, a peer that has nothing for us makes room after 3 s, one that chokes after 12 s, one that works never', () => {
  const shard = new VirtualShard({ ...downloading, share: { openPeers: 3 }, slots: 1 });
  const slow = seed({ serves: () => null });
  shard.add(
    useless,
    { script: [shake, say(1, wire.haveAll)] },
    slow,
    ...Array.from({ length: 3 }, () => slow),
  );
  shard.run(14_000);
  assert.deepEqual(shard.closings.slice(0, 2), [
    [3.25, 'unchoked', 'slot-needed'],
    [12, 'choked', 'slot-needed'],
  ]);
  assert.ok(shard.closings.length === 2);
});

test('a peer that becomes useful only after its unchoke is surplus if there are enough', () => {
  const shard = new VirtualShard({ ...downloading, workingPeers: 1, slots: 1 });
  shard.add(seed({ serves: () => null }), {
    script: [shake, say(1, wire.haveNone), say(2, wire.unchoke), say(2_000, wire.have(3))],
  });
  shard.run(2_500);
  assert.deepEqual(shard.closings, [[2, 'unchoked', 'surplus']]);
});
