/** The first bytes of a connection: made once for all peers, with the parts for each peer. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import bencode from 'bencode';
import { Greetings, type Offer } from '../../src/workers/peer/greeting.ts';
import { encodeBitfield } from '../../src/workers/wire/encoder.ts';

const identity = {
  infoHash: Buffer.alloc(20, 1),
  infoHashV2: null,
  peerId: Buffer.alloc(20, 2),
  clientName: 'unchoke test',
  encryption: 'prefer',
  randomBytes,
} as const;
const offer: Offer = {
  metadataBytes: null,
  pex: true,
  holepunch: false,
  cluster: false,
  isHidden: false,
  dht: false,
  bitfield: null,
  complete: false,
  port: null,
  routerPort: null,
};

interface Told {
  readonly m: Readonly<Record<string, number>>;
  readonly metadata_size?: number;
  readonly yourip?: Uint8Array;
  readonly p?: number;
}

/** The dictionary of an extended handshake, read by the `bencode` package. */
function told(message: Buffer): Told {
  assert.equal(message.readUInt32BE(0), message.length - 4, 'length');
  assert.deepEqual([...message.subarray(4, 6)], [20, 0], 'BEP 10, the handshake');
  return bencode.decode(message.subarray(6)) as Told;
}

test('each IPv4 peer gets its own address, and IPv6 peers none', () => {
  const greetings = new Greetings(identity);
  const to = (host: string) => told(greetings.bytes(['extended-handshake'], { host, port: 1 }, offer));
  const hosts = ['1.2.3.4', '255.254.253.252', '10.0.0.1'];
  const made = hosts.map((host) => to(host));
  assert.deepEqual(
    made.map(({ yourip }) => [...(yourip ?? [])].join('.')),
    hosts,
  );
  assert.equal('yourip' in to('2001:db8::1'), false);
  assert.deepEqual([...(to('1.2.3.4').yourip ?? [])], [1, 2, 3, 4], 'after an IPv6 peer, too');
});

test('the greeting of one peer does not change with the next one', () => {
  const greetings = new Greetings(identity);
  const first = greetings.bytes(['extended-handshake'], { host: '1.2.3.4', port: 1 }, offer);
  const kept = Buffer.from(first);
  greetings.bytes(['extended-handshake'], { host: '9.9.9.9', port: 1 }, offer);
  assert.deepEqual(first, kept);
});

test('a new offer is in the next greeting', () => {
  const greetings = new Greetings(identity);
  const told4 = (now: Offer) =>
    told(greetings.bytes(['extended-handshake'], { host: '1.2.3.4', port: 1 }, now));
  assert.deepEqual(told4(offer).m, { lt_donthave: 7, ut_metadata: 1, ut_pex: 2 });
  assert.equal(told4({ ...offer, metadataBytes: 777 }).metadata_size, 777);
  assert.deepEqual(told4({ ...offer, metadataBytes: 777, pex: false }).m, { lt_donthave: 7, ut_metadata: 1 });
  assert.equal('p' in told4(offer), false);
  assert.equal(told4({ ...offer, port: 51_413 }).p, 51_413);
});

test('a DHT node is announced while we have one', () => {
  const greetings = new Greetings(identity);
  const reserved = (dht: boolean) =>
    greetings.bytes(['handshake'], { host: '1.2.3.4', port: 1 }, { ...offer, dht }).subarray(20, 28);
  assert.deepEqual([...reserved(true)], [0, 0, 0, 0, 0, 0x10, 0, 0x05]);
  assert.deepEqual([...reserved(false)], [0, 0, 0, 0, 0, 0x10, 0, 0x04]);
});

test('several messages leave in one write, in order', () => {
  const greetings = new Greetings(identity);
  const peer = { host: '1.2.3.4', port: 1 };
  const whole = greetings.bytes(['handshake', 'pieces-fast', 'interested'], peer, offer);
  assert.equal(whole.length, 68 + 5 + 5);
  assert.deepEqual(whole.subarray(0, 68), greetings.bytes(['handshake'], peer, offer));
  assert.deepEqual([...whole.subarray(68)], [0, 0, 0, 1, 15, 0, 0, 0, 1, 2]);
  const bitfield = encodeBitfield(Uint8Array.of(0xa0));
  for (const greeting of ['pieces', 'pieces-fast'] as const)
    assert.deepEqual([...greetings.bytes([greeting], peer, { ...offer, bitfield })], [0, 0, 0, 2, 5, 0xa0]);
  assert.equal(
    greetings.bytes(['pieces'], peer, offer).length,
    0,
    'without BEP 6 there is no word for nothing',
  );
});

test('the port is ours, but over uTP, where nobody can dial us, the one that our packets come from', () => {
  const greetings = new Greetings(identity);
  const portOf = (now: Offer, local: number | null) =>
    told(greetings.bytes(['extended-handshake'], { host: '1.2.3.4', port: 1, localPort: local }, now)).p;
  const open = { ...offer, holepunch: true, port: 6_881 };
  const hidden = { ...open, isHidden: true };
  assert.deepEqual(
    [
      portOf(open, null),
      portOf(open, 7_777),
      portOf(hidden, null),
      portOf(hidden, 7_777),
      portOf(open, 7_777),
    ],
    [6_881, 6_881, 6_881, 7_777, 6_881],
  );
  assert.equal(portOf({ ...hidden, port: null }, 7_777), undefined, 'we accept no peers');
  assert.deepEqual(told(greetings.bytes(['extended-handshake'], { host: '1.2.3.4', port: 1 }, open)).m, {
    lt_donthave: 7,
    ut_holepunch: 3,
    ut_metadata: 1,
    ut_pex: 2,
  });
});

test('the port of the router is for IPv4 peers of other networks; nothing listens there at our other addresses', () => {
  const greetings = new Greetings(identity);
  const portFor = (host: string, routerPort: number | null) =>
    told(greetings.bytes(['extended-handshake'], { host, port: 1 }, { ...offer, port: 6_881, routerPort })).p;
  const hosts = ['8.8.8.8', '2a00:1450::1', '192.168.1.7', 'fd00::7', '8.8.4.4'];
  assert.deepEqual(
    hosts.map((host) => portFor(host, 50_000)),
    [50_000, 6_881, 6_881, 6_881, 50_000],
  );
  assert.deepEqual(
    hosts.map((host) => portFor(host, null)),
    [6_881, 6_881, 6_881, 6_881, 6_881],
  );
});
