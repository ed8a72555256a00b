/** Metadata (BEP 9) for a peer that asks for all of it at once, and takes it slowly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANSWER_AHEAD_BYTES, MAX_METADATA_REQUESTS, MAX_UNSENT_BYTES } from '../../src/shared/limits.ts';
import { AnswerQueue } from '../../src/workers/peer/answer-queue.ts';
import { type ExtendedPeer, PeerExtensions } from '../../src/workers/peer/peer-extensions.ts';
import { encodeMetadataReject, encodeMetadataRequest } from '../../src/workers/wire/metadata-message.ts';

const PART = 16_384;
const METADATA_ID = 1;

/** A peer that takes what it is sent when the test says so. */
function slowPeer(info: Uint8Array) {
  const sent: Uint8Array[] = [];
  let [unsentBytes, most] = [0, 0];
  const taker = {
    get unsentBytes() {
      return unsentBytes;
    },
    send: (bytes: Uint8Array): void => {
      sent.push(bytes);
      unsentBytes += bytes.length;
      most = Math.max(most, unsentBytes);
    },
  };
  const answers = new AnswerQueue(taker);
  const peer = {
    info,
    cluster: null,
    send: taker.send,
    answer: (make: () => Uint8Array) => answers.push(make),
    onRequestQueue: () => {},
  } as unknown as ExtendedPeer;
  const extensions = new PeerExtensions(peer, () => 0);
  extensions.message(Buffer.from('\0d1:md11:ut_metadatai7eee', 'latin1'));
  return {
    sent,
    most: () => most,
    ask: (part: number) =>
      extensions.message(Buffer.concat([Buffer.from([METADATA_ID]), encodeMetadataRequest(part)])),
    takes: (): void => {
      unsentBytes = 0;
      answers.tick();
    },
  };
}

test('all parts that are asked for at once are sent, as fast as the peer takes them', () => {
  const info = Buffer.alloc(200 * PART + 5, 'info');
  const peer = slowPeer(info);
  for (let part = 0; part <= 200; part++) assert.equal(peer.ask(part), null);
  assert.ok(peer.sent.length < 30, `${peer.sent.length} at once`);
  for (let turns = 0; peer.sent.length < 201 && turns < 100; turns++) peer.takes();
  assert.equal(peer.sent.length, 201);
  const parts = peer.sent.map((message) => message.subarray(message.length - PART));
  assert.ok(info.subarray(0, PART).equals(parts[0] as Uint8Array));
  assert.ok(peer.most() < ANSWER_AHEAD_BYTES + 2 * PART && peer.most() < MAX_UNSENT_BYTES);
});

test('parts that do not exist, and more than the largest metadata has, are rejected', () => {
  const peer = slowPeer(Buffer.alloc(PART));
  peer.ask(1);
  assert.ok(Buffer.from(peer.sent[0] as Uint8Array).includes(Buffer.from(encodeMetadataReject(1))));
  for (let i = 0; i < MAX_METADATA_REQUESTS; i++) peer.ask(0);
  const before = peer.sent.length;
  peer.ask(0);
  assert.ok(
    Buffer.from(peer.sent.at(-1) as Uint8Array).includes(Buffer.from(encodeMetadataReject(0))),
    'the last one',
  );
  assert.equal(peer.sent.length, before + 1);
});
