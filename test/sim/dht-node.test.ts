/** DHT nodes of peers (BEP 5, PORT), in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakePeerScript, Verb } from '../support/fake-peer.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { frame, handshakeOf } from '../support/wire-bytes.ts';

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shake = say(0, handshakeOf(INFO_HASH, '-XX0001-peer'));
const port = (ms: number, number: number) => say(ms, frame(9, Buffer.of(number >> 8, number & 255)));
const downloading = { slots: 4, chokedTimeoutMs: 600_000 };
const nodes = (shard: VirtualShard) => shard.events.filter(({ type }) => type === 'dht-node');
const flooder: FakePeerScript = {
  script: [shake, port(5, 0), ...Array.from({ length: 500 }, (_, i) => port(10 + i, 6_881 + i))],
};

for (const magnet of [false, true])
  test(`the node of a peer is reported once, whatever it says later${magnet ? ', of a magnet link as well' : ''}`, () => {
    const shard = new VirtualShard({ ...downloading, dht: true, magnet });
    const [peer] = shard.add(flooder, { script: [shake, port(20, 7_000)] });
    shard.listen();
    shard.knock({ script: [shake, port(30, 8_000)] });
    shard.run(5_000);
    assert.deepEqual(
      nodes(shard).map((event) => event.type === 'dht-node' && event.port),
      [6_881, 7_000, 8_000],
    );
    assert.equal(peer?.bytesHeard.charCodeAt(27), 0x05, 'we said that we have one');
  });

test('with a private torrent or without a DHT, no node is reported, and ours is not announced', () => {
  for (const options of [{ dht: false }, { dht: true, private: true }]) {
    const shard = new VirtualShard({ ...downloading, ...options });
    const [peer] = shard.add(flooder);
    shard.run(5_000);
    assert.deepEqual(nodes(shard), []);
    assert.equal(peer?.bytesHeard.charCodeAt(27), 0x04);
  }
});
