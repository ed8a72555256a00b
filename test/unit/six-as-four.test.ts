import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SixAsFour } from '../../src/main/discovery/six-as-four.ts';
import { type BencodeDict, decodeBencode, encodeBencode } from '../../src/shared/bencode.ts';
import { MAX_DHT_STAND_INS } from '../../src/shared/limits.ts';

const ID = Buffer.alloc(20, 0x61);
/** 2001:db8::7 and port 258. */
const SIX = Buffer.from('20010db8000000000000000000000007' + '0102', 'hex');
const answer = (fields: Record<string, unknown>): BencodeDict =>
  ({ r: { id: ID, ...fields }, t: Buffer.from('aa'), y: Buffer.from('r') }) as BencodeDict;
const r = (bytes: Uint8Array) => (decodeBencode(bytes).value as { r: Record<string, unknown> }).r;

test('an address gets one unused stand-in, in any spelling, and is found again', () => {
  const six = new SixAsFour();
  assert.equal(six.standInOf('2001:db8::7'), '240.0.0.0');
  assert.equal(six.standInOf('2001:0DB8:0:0:0:0:0:8'), '240.0.0.1');
  assert.equal(six.standInOf('2001:db8:0::7'), '240.0.0.0');
  assert.equal(six.realOf('240.0.0.1'), '2001:db8::8');
  assert.equal(six.realOf('1.2.3.4'), undefined);
});

test('incoming: nodes6 become nodes, values of IPv6 become values of IPv4, the other family is left out', () => {
  const six = new SixAsFour();
  const message = answer({
    nodes: Buffer.alloc(26),
    nodes6: Buffer.concat([ID, SIX, Buffer.from('rest')]),
    values: [SIX, Buffer.alloc(6), 7],
    token: Buffer.from('xyz'),
  });
  const read = r(six.incoming(message));
  assert.deepEqual(
    Buffer.from(read['nodes'] as Uint8Array),
    Buffer.concat([ID, Buffer.of(240, 0, 0, 0, 1, 2)]),
  );
  assert.deepEqual(
    (read['values'] as Uint8Array[]).map((one) => [...one]),
    [[240, 0, 0, 0, 1, 2]],
  );
  assert.deepEqual([read['nodes6'], Buffer.from(read['token'] as Uint8Array).toString()], [undefined, 'xyz']);
});

test('outgoing: queries want n6, answers have the real addresses, and unknown stand-ins are left out', () => {
  const six = new SixAsFour();
  six.standInOf('2001:db8::7');
  const query = { a: { id: ID }, q: Buffer.from('ping'), t: Buffer.from('aa'), y: Buffer.from('q') };
  assert.match(
    Buffer.from(encodeBencode(six.outgoing(query as unknown as BencodeDict))).toString('latin1'),
    /4:wantl2:n6e/,
  );
  const known = Buffer.concat([ID, Buffer.of(240, 0, 0, 0, 1, 2)]);
  const unknown = Buffer.concat([ID, Buffer.of(240, 9, 9, 9, 1, 2)]);
  const told = r(
    encodeBencode(
      six.outgoing(
        answer({ nodes: Buffer.concat([known, unknown]), values: [Buffer.of(240, 0, 0, 0, 1, 2)] }),
      ),
    ),
  );
  assert.deepEqual(Buffer.from(told['nodes6'] as Uint8Array), Buffer.concat([ID, SIX]));
  assert.deepEqual(
    (told['values'] as Uint8Array[]).map((one) => Buffer.from(one)),
    [SIX],
  );
  assert.equal(told['nodes'], undefined);
});

test('with too many addresses, the least recently used is forgotten', () => {
  const six = new SixAsFour();
  const first = six.standInOf('2001:db8::1');
  const second = six.standInOf('2001:db8::2');
  for (let i = 0; i < MAX_DHT_STAND_INS - 1; i++) {
    six.standInOf('2001:db8::1');
    six.standInOf(`2001:db9::${i.toString(16)}`);
  }
  assert.equal(six.realOf(first), '2001:db8::1');
  assert.equal(six.realOf(second), undefined);
});
