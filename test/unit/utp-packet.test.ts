import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, beyond, decodeUtp, encodeUtp, UTP_TYPE } from '../../src/workers/transport/utp/utp-packet.ts';

/** A packet as in BEP 29: type and version, extension, number, two times, window, sequence, ack. */
const DATA = Buffer.from(
  '01' + '00' + '1234' + '00000001' + '00000002' + '00100000' + 'fffe' + '0007' + '6869',
  'hex',
);
const head = {
  type: UTP_TYPE.data,
  connectionId: 0x1234,
  sentAt: 1,
  delay: 2,
  window: 0x10_0000,
  sequence: 0xfffe,
  ack: 7,
};

test('a data packet, encoded and decoded', () => {
  assert.deepEqual(decodeUtp(DATA), { ...head, selectiveAck: null, payload: Buffer.from('hi') });
  assert.deepEqual(encodeUtp(head, null, Buffer.from('hi')), DATA);
});

test('a selective acknowledgement after an unknown extension', () => {
  const bytes = Buffer.concat([
    Buffer.from('2102', 'hex').subarray(0, 1),
    Buffer.from('02', 'hex'),
    DATA.subarray(2, 20),
    Buffer.from('0103aabbcc', 'hex'),
    Buffer.from('000401000080', 'hex'),
  ]);
  const packet = decodeUtp(bytes);
  assert.deepEqual([packet?.type, packet?.payload.length], [UTP_TYPE.state, 0]);
  assert.deepEqual([...(packet?.selectiveAck ?? [])], [1, 0, 0, 0x80]);
  const own = encodeUtp({ ...head, type: UTP_TYPE.state }, Uint8Array.of(1, 0, 0, 0x80), Buffer.alloc(0));
  assert.equal(own.subarray(18).toString('hex'), `0007${'0004'}01000080`);
  assert.equal(own[1], 1);
});

test('invalid packets: too short, another version, another type, extensions beyond the end', () => {
  const wrong = {
    'too short': DATA.subarray(0, 19),
    'version 2': Buffer.concat([Buffer.of(0x02), DATA.subarray(1)]),
    'type 5': Buffer.concat([Buffer.of(0x51), DATA.subarray(1)]),
    'extension without a length': Buffer.concat([Buffer.of(0x01, 1), DATA.subarray(2, 20), Buffer.of(0)]),
    'extension too long': Buffer.concat([Buffer.of(0x01, 1), DATA.subarray(2, 20), Buffer.of(0, 4, 1)]),
    'a DHT message': Buffer.from('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe'),
  };
  for (const [name, bytes] of Object.entries(wrong)) assert.equal(decodeUtp(bytes), null, name);
});

test('sequence numbers wrap around after 65535', () => {
  assert.equal(after(0xffff, 1), 0);
  assert.equal(beyond(2, 0xfffe), 4);
  assert.equal(beyond(0xfffe, 2), -4);
});
