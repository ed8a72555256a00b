/** Two peers dial each other at the same moment (BEP 55), and both dials may connect: one connection stays, on both sides the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakePeerScript } from '../support/fake-peer.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf } from '../support/wire-bytes.ts';

/** The peer at this address is dialled and, later, connects to us. Returns what became of both. */
function bothDial(id: string, answersAfterMs: number) {
  const shard = new VirtualShard({ slots: 4, chokedTimeoutMs: 600_000, pex: true, holepunch: true });
  shard.listen();
  const script: FakePeerScript = {
    script: [[0, { say: handshakeOf(INFO_HASH, id, ['ext']) }]],
    transport: 'utp',
  };
  const fakes = shard.know(...Array.from({ length: 5 }, () => ({ ...script, connect: answersAfterMs })));
  const address = { host: '8.1.1.1', port: 5 };
  shard.command({ type: 'punch', address });
  shard.run(10);
  const guest = shard.knock(script, address.host);
  shard.run(2_900);
  const early = [fakes[4]?.destroyed, guest.destroyed];
  shard.run(3_000);
  return { shard, early, late: [fakes[4]?.destroyed, guest.destroyed] };
}

test('both dials connect: after a while the one of the smaller peer id stays', () => {
  // Ours begins with -UC0100.
  for (const [id, oursIsClosed] of [
    ['-ZZ0000-larger', false],
    ['-AA0000-smaller', true],
  ] as const) {
    const { early, late, shard } = bothDial(id, 0);
    assert.deepEqual(early, [false, false], 'the other side has time for a rule of its own');
    assert.deepEqual(late, [oursIsClosed, !oursIsClosed]);
    assert.deepEqual(
      shard.outcomes.map(({ reason }) => reason.code),
      ['twice'],
    );
  }
});

test('the other dial connects first: ours is given up, and main has never heard of it', () => {
  for (const id of ['-ZZ0000-larger', '-AA0000-smaller']) {
    const { early, late, shard } = bothDial(id, 500);
    assert.deepEqual(
      [early, late],
      [
        [true, false],
        [true, false],
      ],
    );
    assert.deepEqual(shard.outcomes, []);
    assert.deepEqual(
      shard.events.flatMap((event) => (event.type === 'accepted' ? [event.punched] : [])),
      [true],
      'it came through the hole',
    );
  }
});
