/** Web seeds beside a shard, over one ledger and one arena in virtual time: each may own a slot, and be the other's guest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PieceIndex, type SlotIndex, shardId } from '../../src/shared/indices.ts';
import { senderOf } from '../../src/shared/sender.ts';
import { type FakePeerScript, seedScript } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { type Answer, notThere, right } from '../support/virtual-http.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { VirtualWebSeeds } from '../support/virtual-web-seeds.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const BLOCK = 16_384;
const PIECE = 16 * BLOCK;

/** `pieces` of 16 blocks; the peers are dialled at once, and the web seeds begin after `headStartMs`. */
async function together(
  pieces: number,
  peers: readonly FakePeerScript[],
  servers: readonly Answer[],
  headStartMs: number,
) {
  const options = { pieces, pieceLength: PIECE, slots: 8, hasNeighbours: true, chokedTimeoutMs: 600_000 };
  const shard = new VirtualShard(options);
  const fakes = shard.add(...peers);
  shard.run(headStartMs);
  const files = [{ names: ['a'], length: pieces * PIECE }];
  const web = new VirtualWebSeeds({ files, servers, beside: shard, pieceLength: PIECE, slots: 8 });
  return { shard, web, fakes };
}

const seedOf = (pieces: number, more: Partial<FakePeerScript>): FakePeerScript => ({
  script: seedScript(INFO_HASH, pieces, 100),
  serves: payload,
  delayMs: 5,
  ...more,
});

test('a peer that unchokes and chokes forever, and sends nothing, delays no web seed', async () => {
  const flapper: FakePeerScript = {
    script: [
      [0, { say: handshakeOf(INFO_HASH, '-XX0001-flap') }],
      [0, { say: wire.bitfield('11') }],
      [100, { say: wire.unchoke, everyMs: 500 }],
      [400, { say: wire.choke, everyMs: 500 }],
    ],
  };
  const { web, fakes } = await together(2, [flapper], [right], 300);
  try {
    const endedAt = await web.run(30_000);
    assert.ok((fakes[0]?.requests.length ?? 0) > 0, 'the fault fired: it was asked');
    assert.ok(endedAt < 6_000, `complete after ${endedAt} ms`);
  } finally {
    await web.stop();
  }
});

test('a web seed without work takes over the only piece from a peer that falls silent', async () => {
  const { web, fakes } = await together(1, [seedOf(1, { serves: () => null })], [right], 300);
  try {
    const endedAt = await web.run(30_000);
    assert.equal(fakes[0]?.requests.length, 16);
    assert.ok(endedAt < 5_000, `complete after ${endedAt} ms`);
  } finally {
    await web.stop();
  }
});

/** The first answer comes at a block a second, so that idle peers join; later ones at once. */
function slowAtFirst(bytesOf: (content: Uint8Array) => Uint8Array): Answer {
  let n = 0;
  return (asked, content) => {
    const reply = right(asked, bytesOf(content));
    return n++ === 0 ? { ...reply, rate: 17_000 } : reply;
  };
}

test('a web seed is not blamed for the bad block of a peer that fetched from its slot', async () => {
  const liar = seedOf(1, {
    script: seedScript(INFO_HASH, 1, 1_000),
    serves: (_, begin, length) => (begin > 8 * BLOCK ? Buffer.alloc(length, 0x5a) : null),
  });
  const { web, shard } = await together(1, [liar], [slowAtFirst((content) => content)], 0);
  try {
    const endedAt = await web.run(60_000);
    assert.deepEqual(web.failed, [0], 'the fault fired');
    assert.ok(endedAt < 60_000, `complete after ${endedAt} ms`);
    assert.deepEqual(web.lostFiles, []);
    assert.equal(web.lostSeeds.size, 0);
    shard.run(1_000);
    assert.deepEqual(shard.convicted.map(senderOf), [{ peer: 0 }], 'the peer is convicted by its blocks');
  } finally {
    await web.stop();
  }
});

test('a web seed that spoils its own blocks of a shared piece is convicted by them, and no peer is', async () => {
  const spoil = (content: Uint8Array): Uint8Array =>
    content.map((byte, i) => (i < BLOCK ? byte ^ 0xff : byte));
  const honest = seedOf(1, { script: seedScript(INFO_HASH, 1, 1_000) });
  const { web, shard } = await together(1, [honest], [slowAtFirst(spoil)], 0);
  try {
    const endedAt = await web.run(60_000);
    assert.ok(web.failed.length >= 1 && web.failed.length <= 3, `failed ${web.failed.length} times`);
    assert.ok(endedAt < 60_000, `complete after ${endedAt} ms`);
    shard.run(1_000);
    assert.ok(!shard.convicted.map(senderOf).some((culprit) => 'peer' in culprit));
  } finally {
    await web.stop();
  }
});

test('a web seed that is very slow with a piece that failed before gives it back', async () => {
  let n = 0;
  const thenTrickling: Answer = (asked, content) => {
    const reply = right(asked, content);
    if (n++ > 0) return { ...reply, rate: 1 };
    return { ...reply, rate: 17_000 };
  };
  const liarThenHonest = (): NonNullable<FakePeerScript['serves']> => {
    let sent = 0;
    return (piece, begin, length) =>
      sent++ < 8 ? Buffer.alloc(length, 0x5a) : payload(piece, begin, length);
  };
  const peers = [
    seedOf(1, { script: seedScript(INFO_HASH, 1, 1_000), serves: liarThenHonest() }),
    seedOf(1, { script: seedScript(INFO_HASH, 1, 1_000) }),
  ];
  const { web } = await together(1, peers, [thenTrickling], 0);
  try {
    const endedAt = await web.run(120_000);
    assert.ok(web.failed.length > 0, 'the fault fired');
    assert.ok(endedAt < 60_000, `complete after ${endedAt} ms`);
    assert.equal(web.ledger.isWanted(0 as PieceIndex), false);
  } finally {
    await web.stop();
  }
});

test('web seeds that fetch a piece together wait quietly for the block that their guest is writing', async () => {
  const files = ['a', 'b'].map((name) => ({ names: [name], length: BLOCK }));
  const only =
    (path: string): Answer =>
    (asked, content) =>
      asked.path === path ? { ...right(asked, content), rate: BLOCK } : notThere(asked, content);
  // The first one learns what it lacks before the piece is begun, and the second one in the middle of it.
  const web = new VirtualWebSeeds({ files, servers: [only('b'), only('a')], pieceLength: 2 * BLOCK });
  const guest = shardId(1);
  try {
    const isSecondHalf = () => web.asked.some(({ url }) => url === 'http://s0.test/b');
    for (let ms = 0; ms < 60_000 && !isSecondHalf(); ms += 100) await web.run(100);
    const slots = Array.from({ length: web.arena.slotCount }, (_, i) => i as SlotIndex);
    const slot = slots.find((at) => web.arena.ownerOf(at) === web.thread.owner);
    assert.ok(slot !== undefined && web.arena.receivedCount(slot) === 1, 'the second half is on its way');
    assert.ok(web.arena.join(slot, 0 as PieceIndex, guest) && web.arena.take(slot, 1));
    let news = 0;
    web.events.push = () => {
      news += 1;
      if (news > 200) throw new Error('it spins');
      return news;
    };
    const before = web.asked.length;
    assert.equal(await web.run(10_000), 10_000);
    assert.equal(web.asked.length, before, 'nobody is asked for what the guest has');
    // It never ends its block.
    web.arena.untake(slot, 1);
    web.arena.leave(slot, guest);
    web.events.push = Array.prototype.push;
    assert.ok((await web.run(5_000)) < 5_000, 'then the web seeds do');
  } finally {
    await web.stop();
  }
});
