/** The loopback swarm itself: a benchmark with wrong fake peers measures nothing. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { dealPeers, mixOf } from '../../src/swarm/mix.ts';
import { Payload } from '../../src/swarm/payload.ts';
import { Dice } from '../../src/swarm/random.ts';
import { openSwarm } from '../../src/swarm/swarm.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

checkLeaksAtEnd();
const options = {
  peers: 1,
  seed: 3,
  mix: { instant: 1 },
  payloadBytes: 100_000,
  pieceBytes: 32_768,
  rate: 0,
  rttMs: 0,
};

/** For events that certainly happen, even on a slow machine. */
const AMPLE_MS = 30_000;

type Event = 'connected' | 'refused' | 'silence' | 'closed';

/** What happens within `ms` after a connect and, if it succeeds, a handshake. */
function meet(
  address: string,
  infoHash: Buffer,
  ms: number,
  until: (received: Buffer) => boolean,
): Promise<{ events: Event[]; received: Buffer }> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const events: Event[] = [];
    let received = Buffer.alloc(0);
    const socket: Socket = connect({ host: host as string, port: Number(port) });
    const finish = (event?: Event): void => {
      clearTimeout(timer);
      if (event !== undefined) events.push(event);
      socket.destroy();
      resolve({ events, received });
    };
    const timer = setTimeout(() => finish('silence'), ms);
    socket.on('connect', () => {
      events.push('connected');
      socket.write(Buffer.concat([handshakeOf(infoHash, 'probe'), wire.interested]));
    });
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (until(received)) finish();
    });
    socket.on('end', () => finish('closed'));
    socket.on('error', () => finish('refused'));
  });
}

const never = (): boolean => false;
const unchoked = (received: Buffer): boolean =>
  received.length >= 5 && received.subarray(-5).equals(wire.unchoke);

test('a black hole really hangs: the probe and a second look agree', async () => {
  const swarm = await openSwarm({ ...options, peers: 3, mix: { 'black-hole': 1 } });
  try {
    assert.equal(swarm.trueTimeout, true, 'on Linux a full accept queue drops the SYN');
    for (const address of swarm.addresses) {
      assert.deepEqual((await meet(address, swarm.torrent.infoHash, 700, never)).events, ['silence']);
    }
    assert.equal(swarm.oracle, null);
  } finally {
    await swarm.close();
  }
});

test('each personality does what its name says', async () => {
  const told = async (personality: string, ms: number, until: (received: Buffer) => boolean) => {
    const swarm = await openSwarm({ ...options, mix: { [personality]: 1 } });
    try {
      return await meet(swarm.addresses[0] as string, swarm.torrent.infoHash, ms, until);
    } finally {
      await swarm.close();
    }
  };
  assert.deepEqual((await told('refuser', AMPLE_MS, never)).events, ['refused']);
  assert.deepEqual((await told('silent', 400, never)).events, ['connected', 'silence']);
  const hangUp = await told('hang-up', AMPLE_MS, never);
  assert.deepEqual([hangUp.events, hangUp.received.length], [['connected', 'closed'], 68]);
  const mute = await told('never-unchokes', 500, unchoked);
  assert.deepEqual([mute.events, mute.received.length], [['connected', 'silence'], 68 + 6]);
  for (const personality of ['instant', 'tick-1s', 'choke-after']) {
    assert.deepEqual((await told(personality, AMPLE_MS, unchoked)).events, ['connected'], personality);
  }
});

test('the same seed makes the same swarm, another seed another one', () => {
  const deal = (seed: number) => JSON.stringify(dealPeers(200, mixOf('wild'), new Dice(seed)));
  assert.equal(deal(5), deal(5));
  assert.notEqual(deal(5), deal(6));
});

test('the wild mix has its shares, and delays between half a second and a minute', () => {
  const plans = dealPeers(10_000, mixOf('wild'), new Dice(1));
  const count = (name: string) => plans.filter(({ personality }) => personality === name).length;
  assert.deepEqual(
    ['black-hole', 'refuser', 'hang-up', 'never-unchokes', 'patient'].map(count),
    [5_500, 1_000, 1_200, 500, 1_800],
  );
  const delays = plans
    .flatMap(({ unchokeMs }) => (Number.isFinite(unchokeMs) ? [unchokeMs] : []))
    .sort((a, b) => a - b);
  assert.ok((delays[0] ?? 0) >= 500 && (delays.at(-1) ?? 0) <= 60_000);
  const median = delays[900] ?? 0;
  assert.ok(median > 11_000 && median < 13_000, `median ${median}`);
});

test('any range of the payload equals that range of the piece', () => {
  const data = new Payload(100_000, 65_536, 9);
  const whole = Buffer.alloc(65_536);
  data.copy(0, 0, 65_536, whole, 0);
  for (const [begin, length] of [
    [0, 1],
    [3, 10],
    [16_380, 20],
    [16_384, 16_384],
    [40_000, 25_536],
  ] as const) {
    const part = Buffer.alloc(length + 8, 0xee);
    data.copy(0, begin, length, part, 4);
    assert.ok(part.subarray(4, -4).equals(whole.subarray(begin, begin + length)), `${begin}+${length}`);
    assert.ok(
      part.subarray(0, 4).equals(Buffer.alloc(4, 0xee)) && part.subarray(-4).equals(Buffer.alloc(4, 0xee)),
    );
  }
});

test('a swarm of several files: get writes them all, and verify agrees; too many for the payload are refused', async () => {
  const folder = temporaryFolder();
  const torrent = join(folder, 'several.torrent');
  const swarm = startCli([
    'swarm',
    '--peers',
    '2',
    '--mix',
    'seeds',
    '--payload',
    '1M',
    '--files',
    '4',
    '-o',
    torrent,
  ]);
  try {
    await swarm.line((line) => line.startsWith('swarm of 2 peers (mix seeds, seed 1), 1.0 MiB in 4 files'));
    const got = await runCli('get', torrent, '-o', folder, '--json');
    assert.equal(got.status, 0, got.stderr);
    assert.deepEqual(
      readdirSync(join(folder, 'swarm-1')),
      [1, 2, 3, 4].map((n) => `file-${n}.bin`),
    );
    assert.equal((await runCli('verify', torrent, folder)).status, 0);
  } finally {
    swarm.child.kill('SIGTERM');
    await swarm.ended;
  }
  const refused = await runCli('swarm', '--payload', '16K', '--files', '1000');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /--files 1000: --payload 16K is too small for so many/);
});
