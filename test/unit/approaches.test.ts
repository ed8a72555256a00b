/** The order of approaches to a peer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CloseCode } from '../../src/shared/close-reason.ts';
import { peerIndex, shardId } from '../../src/shared/indices.ts';
import type { PeerOutcome, TransportKind } from '../../src/shared/messages.ts';
import { NO_TIMES } from '../../src/shared/timeline.ts';
import { Approaches } from '../../src/workers/dialling/approaches.ts';
import type { Closed, PeerState } from '../../src/workers/peer/peer-state.ts';

const index = peerIndex(7);
const handshaking: PeerState = { phase: 'handshaking', since: 0, incoming: false, timeline: NO_TIMES };
const dialing: PeerState = { phase: 'dialing', since: 0, timeline: NO_TIMES };
const closed = (code: CloseCode, ms = 10): Closed => ({
  phase: 'closed',
  reason: { stage: 'dialing', code },
  timeline: { ...NO_TIMES, closed: ms },
});
const outcome = (transport: TransportKind, { reason, timeline }: Closed): PeerOutcome => ({
  peer: index,
  shard: shardId(1),
  timeline,
  reason,
  client: null,
  peerIdPrefix: null,
  receivedBytes: 0,
  sentBytes: 0,
  transport,
  retryInMs: null,
});
const tries = (approaches: Approaches, transport: TransportKind, before: PeerState, after: Closed) =>
  approaches.triesAnother(before, outcome(transport, after));
const ending = (approaches: Approaches, transport: TransportKind, after: Closed) =>
  approaches.ending(dialing, outcome(transport, after)).reason.code;

test('a peer that closes the connection is tried plain, encrypted, over uTP alone, and then plain again', () => {
  const approaches = new Approaches('prefer', true);
  const tried = [approaches.of({ peer: index })];
  for (const transport of ['tcp', 'mse', 'utp', 'utp-mse'] as const) {
    const again = tries(approaches, transport, handshaking, closed('closed-by-peer'));
    tried.push(approaches.of({ peer: index }));
    assert.equal(again, transport === 'utp-mse' ? null : 'at once');
  }
  assert.deepEqual(
    tried.map(({ secure, utpOnly }) => `${secure ? 'secure' : 'plain'}${utpOnly ? ' utp' : ''}`),
    ['plain', 'secure', 'plain utp', 'secure utp', 'plain'],
  );
});

test('a peer that TCP does not reach is tried over uTP in its turn, and the error of TCP is reported', () => {
  const approaches = new Approaches('prefer', true);
  assert.equal(tries(approaches, 'tcp', dialing, closed('refused')), 'in turn');
  assert.deepEqual(approaches.of({ peer: index }), { secure: false, utpOnly: true, version: 1 });
  const late = closed('connect-timeout', 3_000);
  assert.equal(tries(approaches, 'utp', dialing, late), null);
  assert.equal(ending(approaches, 'utp', late), 'refused');
  assert.deepEqual(
    approaches.of({ peer: index }),
    { secure: false, utpOnly: false, version: 1 },
    'the next time begins as the first',
  );
});

test('a reason that is not a network error is not hidden', () => {
  const approaches = new Approaches('prefer', true);
  tries(approaches, 'tcp', dialing, closed('refused'));
  assert.equal(ending(approaches, 'utp', closed('race-lost')), 'race-lost');
});

test('no second try if uTP was already running when TCP failed, or without uTP', () => {
  assert.equal(tries(new Approaches('prefer', true), 'tcp', dialing, closed('refused', 900)), null);
  assert.equal(tries(new Approaches('prefer', false), 'tcp', dialing, closed('refused')), null);
});

test('a connected peer is moved to uTP, and dialled as before if uTP does not reach it', () => {
  const approaches = new Approaches('prefer', true);
  assert.ok(approaches.moveToUtp(index, 'mse-rc4'));
  assert.deepEqual(approaches.of({ peer: index }), { secure: true, utpOnly: true, version: 1 });
  assert.equal(tries(approaches, 'utp', dialing, closed('connect-timeout', 3_000)), 'at once');
  assert.deepEqual(approaches.of({ peer: index }), { secure: false, utpOnly: false, version: 1 });
  assert.equal(tries(approaches, 'tcp', dialing, closed('connect-timeout', 15_000)), null);
  assert.ok(approaches.moveToUtp(index, 'tcp'));
  assert.deepEqual(approaches.of({ peer: index }), { secure: false, utpOnly: true, version: 1 });
  assert.ok(!new Approaches('prefer', false).moveToUtp(index, 'tcp'), 'there is no uTP');
});

test('a hybrid: a peer that knows one of its info hashes is found, by whichever its address was named', () => {
  for (const version2 of [false, true]) {
    const named = { peer: index, version2 };
    const approaches = new Approaches('off', false, () => true);
    const [first, second] = version2 ? [2, 1] : [1, 2];
    assert.equal(approaches.of(named).version, first);
    assert.equal(tries(approaches, 'tcp', handshaking, closed('closed-by-peer')), 'at once');
    assert.equal(approaches.of(named).version, second);
    assert.equal(tries(approaches, 'tcp', handshaking, closed('closed-by-peer')), null);
    assert.equal(approaches.of(named).version, first, 'the next time it starts with the first one');
    assert.equal(
      tries(approaches, 'tcp', handshaking, closed('handshake-timeout')),
      null,
      'silence says nothing',
    );
    assert.equal(approaches.of(named).version, first);
  }
  const alone = new Approaches('off', false, () => false);
  assert.equal(tries(alone, 'tcp', handshaking, closed('closed-by-peer')), null);
});

test('over each transport a hybrid is tried with both of its info hashes', () => {
  const approaches = new Approaches('prefer', true, () => true);
  const tried: string[] = [];
  do {
    const { secure, utpOnly, version } = approaches.of({ peer: index });
    tried.push(`${utpOnly ? 'utp' : 'tcp'} ${secure ? 'encrypted' : 'plain'} ${version}`);
  } while (tries(approaches, 'tcp', handshaking, closed('closed-by-peer')) !== null);
  assert.deepEqual(tried, [
    'tcp plain 1',
    'tcp encrypted 1',
    'tcp plain 2',
    'tcp encrypted 2',
    'utp plain 1',
    'utp encrypted 1',
    'utp plain 2',
    'utp encrypted 2',
  ]);
  assert.deepEqual(approaches.of({ peer: index }), { secure: false, utpOnly: false, version: 1 });
});
