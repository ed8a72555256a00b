/** A peer that costs more than it gives is closed, for any kind of message; a peer that gives is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HAVES_AGAIN_PER_COST,
  MESSAGE_BURST_COST,
  UNCHOKE_BURST,
  UNCHOKE_INTERVAL_MS,
} from '../../src/shared/limits.ts';
import type { Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { download } from '../support/virtual-download.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { frame, handshakeOf, u32, wire } from '../support/wire-bytes.ts';

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shake = say(0, handshakeOf(INFO_HASH, '-XX0001-peer', ['fast', 'ext']));
const times = (count: number, ...messages: Uint8Array[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => Buffer.concat(messages)));

const KINDS: Readonly<Record<string, Buffer>> = {
  'keep-alives': wire.keepAlive,
  'choke and unchoke': Buffer.concat([wire.unchoke, wire.choke]),
  interest: Buffer.concat([wire.interested, wire.notInterested]),
  'the same have': wire.have(1),
  bitfields: wire.bitfield('10000000'),
  'have-none': wire.haveNone,
  'allowed-fast': wire.allowedFast(1),
  rejects: wire.reject(1, 0, 16_384),
  requests: wire.request(0, 0, 16_384),
  cancels: frame(8, u32(0, 0, 16_384)),
  ports: frame(9, Buffer.from([1, 1])),
  suggestions: wire.suggest(1),
  'messages of no kind': frame(200, Buffer.alloc(3)),
  'extensions that we do not have': wire.extended(77, 'd1:xi1ee'),
  'metadata messages of no kind': wire.extended(1, 'd8:msg_typei9e5:piecei0ee'),
};

for (const [kind, message] of Object.entries(KINDS)) {
  test(`a flood of ${kind}`, () => {
    const shard = new VirtualShard({ slots: 4, chokedTimeoutMs: 600_000 });
    // A long list once is fine; more of them are not.
    const [fake] = shard.add({ script: [shake, say(5, times(1_000, message))] });
    shard.run(1_000);
    assert.deepEqual(shard.closings.length, 0);
    const most = MESSAGE_BURST_COST * (kind === 'the same have' ? HAVES_AGAIN_PER_COST : 1);
    for (let said = 0; said <= most; said += 1_000) fake?.say(times(1_000, message));
    assert.ok(fake?.destroyed);
    shard.run(1_000);
    assert.deepEqual(
      shard.closings.map(([second, , code]) => [second, code]),
      [[1, 'flood']],
    );
    shard.run(60_000);
    assert.equal(fake?.dials, 1, 'it is not dialled again');
  });
}

test('a peer that announces every piece, and one that sends blocks, may send as much as it likes', () => {
  const pieces = 20_000;
  const haves = Array.from({ length: pieces }, (_, piece) => wire.have(piece));
  const shard = new VirtualShard({ pieces, pieceLength: 16_384, slots: 4, chokedTimeoutMs: 600_000 });
  shard.add({ script: [shake, say(5, Buffer.concat(haves))] });
  shard.run(1_000);
  assert.deepEqual([shard.closings.length, shard.ledger?.availabilityOf(19_999 as never)], [0, 1]);
  const chatter = Array.from({ length: 100 }, (_, i) => say(200 + 50 * i, times(400, wire.keepAlive)));
  const script = [shake, say(1, wire.haveAll), say(2, wire.unchoke), ...chatter];
  const giver = { script, serves: payload, delayMs: 90 };
  const { verified, fakes } = download({ pieces: 400, pieceLength: 16_384, slots: 8 }, 6_000, [giver]);
  assert.deepEqual([fakes[0]?.fired, fakes[0]?.destroyed, verified], [103, false, 400]);
});

test('a peer that takes its unchoke back and sends nothing: a few unchokes take effect, then one in two seconds', () => {
  const shard = new VirtualShard({ slots: 4, chokedTimeoutMs: 600_000 });
  const script = [
    shake,
    say(1, wire.haveAll),
    [10, { say: Buffer.concat([wire.unchoke, wire.choke, wire.unchoke]), everyMs: 100 }],
    [60, { say: wire.choke, everyMs: 100 }],
  ] as const;
  const [fake] = shard.add({ script });
  const seconds = 30;
  shard.run(seconds * 1_000);
  assert.ok((fake?.fired ?? 0) > 500, 'it flapped');
  const most = UNCHOKE_BURST + (seconds * 1_000) / UNCHOKE_INTERVAL_MS;
  assert.ok(shard.unchokes.length <= most && shard.unchokes.length > most - 4, `${shard.unchokes.length}`);
});

test('an unchoke that had to wait is not forgotten', () => {
  const shard = new VirtualShard({ slots: 8, chokedTimeoutMs: 600_000 });
  const flaps = Array.from({ length: 12 }, (_, i) => [
    say(10 + 20 * i, wire.unchoke),
    say(20 + 20 * i, wire.choke),
  ]);
  const [fake] = shard.add({
    script: [shake, say(1, wire.haveAll), ...flaps.flat(), say(400, wire.unchoke)],
    serves: (...block) => (shard.time.now() > 400 ? payload(...block) : null),
    delayMs: 15,
  });
  shard.run(395);
  assert.deepEqual([shard.unchokes.length, shard.full.length], [UNCHOKE_BURST, 0]);
  assert.ok((fake?.fired ?? 0) > 20, 'it flapped');
  shard.run(5_000);
  assert.equal(shard.full.length, 8);
});
