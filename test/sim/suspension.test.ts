/** A process that is stopped for ten minutes (Ctrl-Z, `docker pause`): no time-out of a peer counts this time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakePeerScript, Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { utpLine } from '../support/utp-line.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH, type VirtualShardOptions } from '../support/virtual-shard-setup.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const STOP_MS = 600_000;
const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shake = say(0, handshakeOf(INFO_HASH, '-XX0001-peer'));
const bitfield = say(1, wire.bitfield('11111111'));
const unchoke = say(2, wire.unchoke);
const downloading = { slots: 4, chokedTimeoutMs: 600_000 };

/** What a peer is doing, and how it ends without a stop: second, stage and code. */
const cases: readonly {
  readonly name: string;
  readonly peer: FakePeerScript;
  readonly options?: VirtualShardOptions;
  readonly ends: readonly [number, string, string];
}[] = [
  { name: 'a connect', peer: { connect: 'ignore' }, ends: [15, 'dialing', 'connect-timeout'] },
  { name: 'a handshake', peer: {}, ends: [10, 'handshaking', 'handshake-timeout'] },
  { name: 'a choke', peer: { script: [shake, bitfield] }, ends: [60, 'choked', 'never-unchoked'] },
  {
    name: 'a silence',
    peer: { script: [shake, bitfield] },
    options: downloading,
    ends: [150, 'choked', 'idle'],
  },
  {
    name: 'a debt',
    peer: { script: [shake, bitfield, unchoke] },
    options: downloading,
    ends: [60, 'unchoked', 'stalled'],
  },
  {
    name: 'an exchange of the sequential strategy',
    peer: { script: [shake, bitfield] },
    options: { strategy: 'sequential' },
    ends: [30, 'choked', 'exchange-timeout'],
  },
];

for (const { name, peer, options, ends } of cases) {
  test(`${name}: the rest of its time still passes`, () => {
    const shard = new VirtualShard({ pieces: 8, ...options });
    shard.add(peer);
    shard.run(5_000);
    shard.time.suspend(STOP_MS);
    const [seconds, stage, code] = ends;
    shard.run((seconds - 6) * 1_000);
    assert.equal(shard.closings.length, 0);
    shard.run(2_000);
    const [closing] = shard.closings;
    assert.deepEqual(closing?.slice(1), [stage, code]);
    // Reported on the shared clock, which includes the stop.
    const late = (closing?.[0] ?? 0) - STOP_MS / 1_000 - seconds;
    assert.ok(late >= 0 && late <= 0.5, `${late}`);
  });
}

test('blocks that arrived while we were stopped are accepted, and their sender is not snubbed', () => {
  const shard = new VirtualShard({ pieces: 8, ...downloading, slots: 8 });
  const [fake] = shard.add({ script: [shake, bitfield, unchoke], serves: payload, delayMs: 400 });
  shard.run(300);
  assert.ok((fake?.requests.length ?? 0) > 0, 'it owes blocks');
  shard.time.suspend(STOP_MS);
  shard.run(10_000);
  assert.deepEqual(
    [shard.full.length, shard.closings, shard.torrent.torrent.requester.wastedBytes],
    [8, [], 0],
  );
  assert.equal(fake?.requests.length, 16, 'nothing was asked for twice');
});

test('uTP: a connection survives a stop with packets in flight, and a dial has the rest of its time', () => {
  const time = new VirtualTime();
  const { here, there } = utpLine(time, () => [20]);
  time.run(100);
  const bytes = Buffer.from(new Uint8Array(400_000).map((_, i) => i * 31 + (i >> 8)));
  here.connection?.write(bytes);
  time.run(110);
  assert.ok(there.bytes.length > 0 && there.bytes.length < bytes.length, 'it is in the middle');
  const sent = here.sent.length;
  time.suspend(STOP_MS);
  time.run(60);
  assert.ok(here.sent.length > sent, 'what came meanwhile is heard first');
  time.run(60_000);
  assert.ok(there.bytes.equals(bytes));
  assert.deepEqual([here.log, there.log], [['connected'], []]);

  const alone = new VirtualTime();
  const dialling = utpLine(alone, () => []);
  alone.run(1_000);
  alone.suspend(STOP_MS);
  alone.run(1_900);
  assert.deepEqual(dialling.here.log, []);
  alone.run(200);
  assert.deepEqual(dialling.here.log, ['over', 'connect-timeout']);
});
