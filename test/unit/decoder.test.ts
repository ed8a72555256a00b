import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_EXTENDED_BYTES, MAX_UNKNOWN_MESSAGE_BYTES } from '../../src/shared/limits.ts';
import { FrameDecoder } from '../../src/workers/wire/decoder.ts';
import { decodeInParts, RecordingSink } from '../support/recording-sink.ts';
import { frame, handshakeOf, u32, wire } from '../support/wire-bytes.ts';

const HASH = Buffer.alloc(20, 7);
const PIECES = 12;
const stream = Buffer.concat([
  handshakeOf(HASH, 'peer', ['ext', 'fast']),
  wire.bitfield('111111111111'),
  wire.keepAlive,
  wire.unchoke,
  wire.extended(0, 'd1:v4:teste'),
  wire.piece(3, 16_384, Buffer.from('the bytes of a block')),
  frame(99, Buffer.from('a message of the future')),
  frame(98),
  wire.have(11),
  wire.piece(4, 0, Buffer.from('x')),
  wire.reject(1, 2, 3),
  wire.keepAlive,
]);
const expected = [
  `handshake ${HASH.toString('hex')} ext=true fast=true`,
  'message 5 fff0',
  'keep-alive',
  'message 1 ',
  `message 20 00${Buffer.from('d1:v4:teste').toString('hex')}`,
  `block 3 16384 ${Buffer.from('the bytes of a block').toString('hex')}`,
  'message 4 0000000b',
  `block 4 0 ${Buffer.from('x').toString('hex')}`,
  'message 16 000000010000000200000003',
  'keep-alive',
];

test('a stream in one part', () =>
  assert.deepEqual(decodeInParts(stream, [], PIECES), { found: expected, fault: null }));

test('a stream cut at every place', () => {
  for (let cut = 0; cut <= stream.length; cut++) {
    assert.deepEqual(decodeInParts(stream, [cut], PIECES), { found: expected, fault: null }, `cut at ${cut}`);
  }
});

test('a stream cut at every two places 9 bytes apart', () => {
  for (let cut = 0; cut + 9 <= stream.length; cut++) {
    assert.deepEqual(decodeInParts(stream, [cut, cut + 9], PIECES).found, expected, `cut at ${cut}`);
  }
});

test('a stream one byte at a time', () => {
  const cuts = Array.from({ length: stream.length }, (_, i) => i);
  assert.deepEqual(decodeInParts(stream, cuts, PIECES), { found: expected, fault: null });
});

test('noise is detected at its first wrong byte', () => {
  for (const [text, length] of [
    ['\x13BitTorrent protocoL', 20],
    ['GET ', 1],
    ['\x14', 1],
  ] as const) {
    const decoder = new FrameDecoder(PIECES);
    const bytes = Buffer.from(text, 'latin1');
    assert.equal(decoder.push(bytes, length, new RecordingSink()), 'not-bittorrent');
  }
});

const shake = handshakeOf(HASH, 'peer');
const faults: [string, Buffer, string][] = [
  ['a choke with a body', Buffer.concat([u32(2), Buffer.from([0])]), 'bad-length'],
  ['a have without its index', Buffer.concat([u32(1), Buffer.from([4])]), 'bad-length'],
  ['a request of 12 bytes', Buffer.concat([u32(12), Buffer.from([6])]), 'bad-length'],
  ['a block without bytes', Buffer.concat([u32(9), Buffer.from([7])]), 'bad-length'],
  ['a block shorter than its header', Buffer.concat([u32(3), Buffer.from([7])]), 'bad-length'],
  ['a block over 16 KiB', Buffer.concat([u32(9 + 16_385), Buffer.from([7])]), 'frame-too-long'],
  ['a short bitfield', Buffer.concat([u32(2), Buffer.from([5])]), 'bad-bitfield'],
  ['a long bitfield', Buffer.concat([u32(4), Buffer.from([5])]), 'bad-bitfield'],
  [
    'a huge extended message',
    Buffer.concat([u32(2 + MAX_EXTENDED_BYTES), Buffer.from([20])]),
    'frame-too-long',
  ],
  ['an extended message without its id', Buffer.concat([u32(1), Buffer.from([20])]), 'bad-length'],
  ['4 GiB of the unknown', Buffer.concat([u32(0xffff_ffff), Buffer.from([200])]), 'frame-too-long'],
  [
    'too much of the unknown',
    Buffer.concat([u32(MAX_UNKNOWN_MESSAGE_BYTES + 1), Buffer.from([200])]),
    'frame-too-long',
  ],
];

for (const [name, bytes, fault] of faults) {
  test(`${name} is an error as soon as its id has arrived, in one part or in many`, () => {
    const bad = Buffer.concat([shake, bytes]);
    assert.equal(decodeInParts(bad, [], PIECES).fault, fault);
    assert.equal(
      decodeInParts(
        bad,
        Array.from({ length: bad.length }, (_, i) => i),
        PIECES,
      ).fault,
      fault,
    );
    assert.equal(
      decodeInParts(Buffer.concat([bad, Buffer.alloc(64)]), [], PIECES).fault,
      fault,
      'with more behind it',
    );
  });
}

test('bytes of a diverted block go nowhere', () => {
  const decoder = new FrameDecoder(PIECES);
  const sink = new RecordingSink();
  const block = Buffer.concat([shake, wire.piece(0, 0, Buffer.alloc(100, 0x55))]);
  decoder.push(block, shake.length + 13 + 50, sink);
  decoder.moveBlock({ target: Buffer.alloc(0), offset: -1 });
  decoder.push(block.subarray(shake.length + 13 + 50), 50, sink);
  assert.equal(
    sink.target.subarray(0, 50).every((byte) => byte === 0x55),
    true,
  );
  assert.equal(
    sink.target.subarray(50, 100).every((byte) => byte === 0),
    true,
  );
});

test('a sink that closes the peer on a keep-alive, or on a skipped message, gets nothing more', () => {
  class Weary extends RecordingSink {
    override keepAlive(): boolean {
      return super.keepAlive() && false;
    }
    override passedOver(): boolean {
      this.found.push('passed over');
      return false;
    }
  }
  const handshaken = expected[0] as string;
  for (const [bytes, found] of [
    [wire.keepAlive, 'keep-alive'],
    [Buffer.concat([u32(4), Buffer.from([200, 1, 2, 3])]), 'passed over'],
  ] as const) {
    const several = Buffer.concat([stream.subarray(0, 68), bytes, bytes, bytes]);
    for (const step of [several.length, 1]) {
      const sink = new Weary();
      const decoder = new FrameDecoder(PIECES);
      for (let at = 0; at < several.length && sink.found.length < 2; at += step)
        assert.equal(decoder.push(several.subarray(at), step, sink), null);
      assert.deepEqual(sink.found, [handshaken, found]);
    }
  }
});

test('a sink that closes the peer gets nothing more', () => {
  class Closing extends RecordingSink {
    override message(id: number, payload: Buffer): boolean {
      super.message(id, payload);
      return false;
    }
  }
  const decoder = new FrameDecoder(PIECES);
  const sink = new Closing();
  assert.equal(decoder.push(stream, stream.length, sink), null);
  assert.deepEqual(sink.found, expected.slice(0, 2));
});
