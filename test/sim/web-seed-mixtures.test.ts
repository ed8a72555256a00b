/**
 * Random mixtures of web seeds that misbehave, beside an honest one: all complete, in a time that follows from its rate. A
 * failure names its seed: `UNCHOKE_MIXTURE=7-7` runs it alone, `UNCHOKE_MIXTURES=1000` runs more.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dice } from '../support/dice.ts';
import { type FakePeerScript, seedScript } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { type Answer, notThere, right } from '../support/virtual-http.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { VirtualWebSeeds } from '../support/virtual-web-seeds.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const PIECE = 65_536;
const HONEST_RATE = 100_000;
/** What the others may cost in addition to the bytes left at the honest rate: waits, suspects, take-overs. */
const CONSTANT_MS = 60_000;
const MIXTURES = Number(process.env['UNCHOKE_MIXTURES'] ?? 50);
const [FIRST = 1, LAST = MIXTURES] = (process.env['UNCHOKE_MIXTURE'] ?? '')
  .split('-')
  .filter(Boolean)
  .map(Number);

/** Random numbers by seed. */
class Lots {
  readonly #roll: (below: number) => number;

  constructor(seed: number) {
    this.#roll = dice(seed);
  }

  below(limit: number): number {
    return this.#roll(limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.#roll(items.length)] as Item;
  }
}

const KINDS: Readonly<Record<string, (lots: Lots) => Answer>> = {
  'lacks files': (lots) => {
    const lacks = new Set(['a', 'b', 'c', 'd'].filter(() => lots.below(2) === 0));
    return (asked, content) => (lacks.has(asked.path) ? notThere : right)(asked, content);
  },
  'has another file': (lots) => {
    const other = lots.pick(['a', 'b', 'c', 'd']);
    return (asked, content) =>
      right(asked, asked.path === other ? content.map((byte) => byte ^ 0x55) : content);
  },
  'flips a byte here and there': (lots) => {
    const every = 3 + lots.below(5);
    let n = 0;
    return (asked, content) => {
      const reply = right(asked, Buffer.from(content));
      const body = Buffer.from(reply.body ?? []);
      if (++n % every === 0 && body.length > 0) body[0] = (body[0] ?? 0) ^ 1;
      return { ...reply, body };
    };
  },
  trickles: (lots) => {
    const rate = 40 + lots.below(2_000);
    return (asked, content) => ({ ...right(asked, content), rate });
  },
  'falls silent': (lots) => {
    const after = lots.below(60_000);
    return (asked, content) => ({ ...right(asked, content), breaksAfter: after, silent: true });
  },
  breaks: (lots) => {
    const breaksAfter = lots.below(40_000);
    return (asked, content) => ({ ...right(asked, content), breaksAfter });
  },
  'is busy': (lots) => {
    const until = lots.below(60_000);
    return (asked, content) =>
      asked.at < until ? { status: 503, headers: { 'retry-after': '3' } } : right(asked, content);
  },
  'is away': () => () => 'refused',
  'sends little': (lots) => {
    const most = 1 + lots.below(30_000);
    return (asked, content) => right({ ...asked, to: Math.min(asked.to, asked.from + most) }, content);
  },
  'sends whole files': (lots) => {
    const rate = 5_000 + lots.below(200_000);
    return (_, body) => ({ status: 200, headers: { 'content-length': String(body.length) }, body, rate });
  },
};

const PEERS: readonly ((pieces: number) => FakePeerScript)[] = [
  (pieces) => ({
    script: seedScript(INFO_HASH, pieces, 100),
    delayMs: 100,
    serves: (piece, begin, length) =>
      piece % 3 === 1 ? Buffer.alloc(length, 0x5a) : payload(piece, begin, length),
  }),
  (pieces) => ({
    script: [...seedScript(INFO_HASH, pieces, 100), [3_000, { end: 'reset' }]],
    delayMs: 400,
    serves: payload,
  }),
  (pieces) => ({ script: seedScript(INFO_HASH, pieces, 100) }),
  (pieces) => ({
    script: [
      [0, { say: handshakeOf(INFO_HASH, '-XX0001-flap') }],
      [0, { say: wire.bitfield('1'.repeat(pieces)) }],
      [100, { say: wire.unchoke, everyMs: 500 }],
      [400, { say: wire.choke, everyMs: 500 }],
    ],
  }),
];

async function mixture(seed: number): Promise<void> {
  const lots = new Lots(seed);
  const lengths = Array.from({ length: 4 }, () => 1 + lots.below(5 * PIECE));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const pieces = Math.ceil(total / PIECE);
  const names = Object.keys(KINDS);
  const kinds = Array.from({ length: 1 + lots.below(3) }, () => lots.pick(names));
  const servers = kinds.map((kind) => (KINDS[kind] as (lots: Lots) => Answer)(lots));
  servers.splice(lots.below(servers.length + 1), 0, (asked, content) => ({
    ...right(asked, content),
    rate: HONEST_RATE,
  }));
  const slots = 2 + lots.below(12);
  const geometry = { pieces, pieceLength: PIECE, totalLength: total, slots };
  const beside =
    lots.below(2) === 0
      ? new VirtualShard({ ...geometry, hasNeighbours: true, chokedTimeoutMs: 600_000 })
      : null;
  if (beside !== null) beside.add(lots.pick(PEERS)(pieces));
  const files = lengths.map((length, i) => ({ names: ['abcd'[i] as string], length }));
  const options = { files, servers, pieceLength: PIECE, slots };
  const web = new VirtualWebSeeds(beside === null ? options : { ...options, beside });
  const boundMs = (total * 1_000) / HONEST_RATE + CONSTANT_MS;
  const what = `UNCHOKE_MIXTURE=${seed}-${seed}: ${kinds.join(', ')}${beside === null ? '' : ', beside a peer'}`;
  try {
    const endedAt = await web.run(boundMs);
    assert.ok(web.ledger.complete, `${what}: ${web.verified} of ${pieces} pieces after ${endedAt} ms`);
  } finally {
    await web.stop();
  }
  if (beside === null)
    assert.equal(web.arena.freeCount(), web.arena.slotCount, `${what}: slots are left behind`);
}

test(`${LAST - FIRST + 1} mixtures of web seeds beside an honest one complete in time`, async () => {
  const failures: string[] = [];
  for (let seed = FIRST; seed <= LAST; seed++)
    await mixture(seed).catch((error: unknown) =>
      failures.push(error instanceof Error ? error.message : String(error)),
    );
  assert.deepEqual(failures, []);
});
