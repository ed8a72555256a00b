/** What strangers get from our DHT node. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedAnswer, DhtGuard } from '../../src/main/discovery/dht-guard.ts';
import { type BencodeDict, decodeBencode, encodeBencode } from '../../src/shared/bencode.ts';
import {
  DHT_ANSWERS_PER_HOST_PER_S,
  DHT_ANSWERS_PER_S,
  DHT_PEER_AGE_MS,
  MAX_DHT_ANSWER_BYTES,
  MAX_DHT_ASKERS,
  MAX_DHT_PORTS_PER_HOST,
} from '../../src/shared/limits.ts';

const ID = Buffer.alloc(20, 0x61);
const query = (q: string, a: Record<string, unknown> = {}, t = 'aa'): BencodeDict =>
  ({ a: { id: ID, ...a }, q: Buffer.from(q), t: Buffer.from(t), y: Buffer.from('q') }) as BencodeDict;
const from = (address: string, port = 1_000) => ({ address, port });
const admitted = (count: number, one: (i: number) => boolean): number =>
  Array.from({ length: count }, (_, i) => one(i)).filter(Boolean).length;

test('an answer is under 1 KB whatever the library answers, over IPv4 and IPv6', () => {
  for (const [values, nodes] of [
    [Array.from({ length: 7_000 }, () => Buffer.alloc(6, 1)), { nodes: Buffer.alloc(26 * 300, 1) }],
    [Array.from({ length: 7_000 }, () => Buffer.alloc(18, 1)), { nodes6: Buffer.alloc(38 * 300, 1) }],
    [undefined, { nodes: Buffer.alloc(26 * 300, 1), nodes6: Buffer.alloc(38 * 300, 1) }],
  ] as const) {
    const r = { id: ID, token: ID, ...nodes, ...(values === undefined ? {} : { values }) };
    const bytes = encodeBencode(
      boundedAnswer({ r, t: Buffer.alloc(32), y: Buffer.from('r') } as never, '8.8.8.8'),
    );
    assert.ok(bytes.length <= MAX_DHT_ANSWER_BYTES, `${bytes.length}`);
    const told = (decodeBencode(bytes).value as { r: Record<string, Uint8Array | unknown[]> }).r;
    if (values !== undefined) assert.ok((told['values']?.length ?? 0) > 20, 'and not empty');
    if ('nodes' in nodes) assert.equal(told['nodes']?.length, 8 * 26);
    if ('nodes6' in nodes) assert.equal(told['nodes6']?.length, 8 * 38);
  }
});

test('queries and errors are sent unchanged', () => {
  const ping = query('ping');
  assert.equal(boundedAnswer(ping, '8.8.8.8'), ping);
});

test('we name no peer or node with a nearer reach than the node that asks', () => {
  const four = (host: string) => Buffer.from([...host.split('.').map(Number), 26, 225]);
  const six = (first: number) => Buffer.concat([Buffer.of(first), Buffer.alloc(14), Buffer.of(1, 26, 225)]);
  const addresses = [four('9.9.9.9'), four('192.168.1.2'), four('127.0.0.1'), six(0x2a), six(0xfd), six(0)];
  const nodesOf = (bytes: number) =>
    Buffer.concat(addresses.filter(({ length }) => length === bytes).map((one) => Buffer.concat([ID, one])));
  const r = { id: ID, nodes: nodesOf(6), nodes6: nodesOf(18), values: addresses };
  const told = (asker: string) => {
    const answer = boundedAnswer({ r, t: ID, y: Buffer.from('r') } as never, asker);
    const { nodes, nodes6, values } = (answer as unknown as { r: Record<string, Uint8Array> }).r;
    return [(nodes?.length ?? 0) / 26, (nodes6?.length ?? 0) / 38, values?.length];
  };
  assert.deepEqual(['8.8.8.8', '2a00::7', '10.0.0.7', 'fd00::7', '127.0.0.1', '::1'].map(told), [
    [1, 1, 2],
    [1, 1, 2],
    [2, 2, 4],
    [2, 2, 4],
    [3, 3, 6],
    [3, 3, 6],
  ]);
});

test('only BEP 5 is answered, and no query with a payload as its transaction id', () => {
  const guard = new DhtGuard(0);
  for (const q of ['ping', 'find_node', 'get_peers', 'announce_peer'])
    assert.equal(guard.admits(query(q), from('1.2.3.4'), 0), true, q);
  for (const q of ['get', 'put', 'vote', '', 'sample_infohashes'])
    assert.equal(guard.admits(query(q), from('1.2.3.5'), 0), false, q);
  assert.equal(guard.admits(query('ping', {}, 'x'.repeat(33)), from('1.2.3.6'), 0), false);
});

for (const q of ['ping', 'find_node', 'get_peers', 'announce_peer'])
  test(`answers to ${q} are counted, for a host and for all`, () => {
    const guard = new DhtGuard(0);
    const asks = (address: string, now: number) => guard.admits(query(q), from(address), now);
    assert.equal(
      admitted(100, () => asks('1.2.3.4', 0)),
      DHT_ANSWERS_PER_HOST_PER_S,
    );
    assert.equal(
      admitted(100, () => asks('1.2.3.4', 1_000)),
      DHT_ANSWERS_PER_HOST_PER_S,
    );
    assert.equal(
      admitted(100, (i) => asks(`2001:db8:0:1::${i.toString(16)}`, 1_000)),
      DHT_ANSWERS_PER_HOST_PER_S,
    );
    assert.equal(
      admitted(1_000, (i) => asks(`1.2.${i >> 8}.${i & 255}`, 3_000)),
      DHT_ANSWERS_PER_S,
    );
  });

test('one host has a few ports, however often it announces, and gets new ones when the old are forgotten', () => {
  const guard = new DhtGuard(0);
  const announce = (port: number, now: number, how: Record<string, unknown> = { port }): boolean => {
    const isAdmitted = guard.admits(query('announce_peer', how), from('2001:db8::1', port), now);
    if (isAdmitted) guard.announced(port % 2 === 0 ? '2001:db8::1' : '2001:db8::2', port, now);
    return isAdmitted;
  };
  const heard = Array.from({ length: 7_000 }, (_, i) => announce(i + 1, i * 200)).filter(Boolean).length;
  assert.equal(heard, MAX_DHT_PORTS_PER_HOST);
  const later = 7_000 * 200;
  assert.equal(announce(1, later), true, 'a port that is known');
  assert.equal(
    announce(2, later, { implied_port: 1, port: 9_999 }),
    true,
    'it is the one that it sends from',
  );
  assert.equal(announce(9_000, later + 1_000, { implied_port: 1 }), false);
  assert.equal(announce(9_000, later + DHT_PEER_AGE_MS + 1_000), true);
});

test('counted hosts are forgotten, the one that was silent longest first', () => {
  const guard = new DhtGuard(0);
  for (let i = 0; i < MAX_DHT_PORTS_PER_HOST; i++) guard.announced('9.9.9.9', i + 1, 0);
  assert.equal(guard.admits(query('announce_peer', { port: 99 }), from('9.9.9.9'), 0), false);
  for (let i = 0; i < MAX_DHT_ASKERS; i++) guard.announced(`1.2.${i >> 8}.${i & 255}`, 1, 0);
  assert.equal(guard.admits(query('announce_peer', { port: 99 }), from('9.9.9.9'), 10_000), true);
});
