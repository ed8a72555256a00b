/** What main remembers about incoming peers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unheard } from '../../src/main/race/outcomes.ts';
import { PeerList } from '../../src/main/race/peer-list.ts';
import { type PeerIndex, peerIndex, shardId } from '../../src/shared/indices.ts';
import { MAX_REMEMBERED_INCOMING } from '../../src/shared/limits.ts';

const SHARD = shardId(1);

/** An incoming peer connects, sends this many bytes, and leaves. */
function visit(
  list: PeerList,
  receivedBytes = 0,
  onArrival: (peer: PeerIndex) => void = () => {},
): PeerIndex {
  const peer = list.incoming.first(0, 1);
  list.accept({ peer, host: '10.0.0.1', port: 5 });
  onArrival(peer);
  list.settle({ ...unheard(peer, SHARD, 'handshaking', 0), receivedBytes });
  return peer;
}

test('only the newest incoming peers that gave nothing are remembered, and the list stays settled', () => {
  const list = new PeerList();
  const giver = visit(list, 16_384);
  const first = visit(list);
  for (let i = 0; i < MAX_REMEMBERED_INCOMING; i++) visit(list);
  const last = visit(list);
  assert.deepEqual(
    [giver, first, last].map((peer) => list.knows(peer)),
    [true, false, true],
  );
  assert.equal(list.knownCount - list.size, MAX_REMEMBERED_INCOMING + 1);
  assert.ok(list.allSettled);
  assert.ok(list.outcomeOf(first) === undefined);
});

test('an incoming peer that the race needs is never forgotten, whether it is needed before or after it leaves', () => {
  const list = new PeerList();
  const before = visit(list, 0, (peer) => list.hold(peer));
  const after = visit(list);
  list.hold(after);
  for (let i = 0; i <= 2 * MAX_REMEMBERED_INCOMING; i++) visit(list);
  assert.deepEqual(
    [before, after].map((peer) => list.nameOf(peer)),
    ['10.0.0.1:5', '10.0.0.1:5'],
  );
  assert.ok(list.allSettled);
});

test('a ban of a forgotten incoming peer changes nothing', () => {
  const list = new PeerList();
  const first = visit(list);
  for (let i = 0; i <= MAX_REMEMBERED_INCOMING; i++) visit(list);
  assert.equal(list.ban(first), false);
});

test('indices for incoming peers do not run out', () => {
  const list = new PeerList();
  list.accept({ peer: peerIndex(2 ** 24), host: '10.0.0.1', port: 5 });
  assert.equal(list.incoming.first(0, 1), 2 ** 24 + 1);
});
