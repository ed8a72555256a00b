/**
 * Random mixtures of peers that misbehave, beside one honest peer, over one or two shards: whatever the others do, the
 * download completes within (bytes left / honest rate) plus a constant. A failing seed is printed; UNCHOKE_MIXTURE=SEED runs
 * it alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FullPiece } from '../../src/shared/messages.ts';
import { senderOf } from '../../src/shared/sender.ts';
import { dice } from '../support/dice.ts';
import { honest, knownPayload, type Persona, persona } from '../support/personas.ts';
import { VirtualShard } from '../support/virtual-shard.ts';

const BLOCK = 16_384;
const MIXTURES = Number(process.env['UNCHOKE_MIXTURES'] ?? 300);
/** In addition to bytes left / honest rate: the unchoke, two seconds until slow peers are detected, a few failed pieces. */
const CONSTANT_MS = 45_000;
const STEP_MS = 20;

interface Told {
  readonly seed: number;
  readonly ms: number;
  readonly allowedMs: number;
  readonly mixture: string;
  readonly wronged: number;
}

function run(seed: number): Told {
  const roll = dice(seed);
  const pieces = 4 + roll(24);
  const blocks = 2 + roll(14);
  const shards = 1 + roll(2);
  const options = {
    pieces,
    pieceLength: blocks * BLOCK,
    slots: 2 + roll(8),
    hasNeighbours: shards > 1,
    chokedTimeoutMs: 600_000,
  };
  const first = new VirtualShard(options);
  const all = shards === 1 ? [first] : [first, new VirtualShard({ ...options, beside: first })];
  const others: Persona[] = Array.from({ length: 1 + roll(24) }, () => persona(roll, pieces));
  for (const { script } of others) all[roll(shards)]?.add(script);
  const rate = 100_000 + roll(1_900_000);
  const home = all[roll(shards)] ?? first;
  const honestIndex = home.add(honest(rate, roll(1_000)))[0]?.index;
  const { ledger, arena } = first;
  assert.ok(ledger && arena && honestIndex !== undefined);
  const seen = new Set<FullPiece>();
  const isGood = ({ piece, slot }: FullPiece): boolean => {
    const bytes = arena.pieceBytes(slot);
    return Buffer.compare(bytes, knownPayload(piece, 0, bytes.length)) === 0;
  };
  const allowedMs = ((pieces * blocks * BLOCK) / rate) * 1_000 + CONSTANT_MS;
  let ms = 0;
  for (; ms < allowedMs && !ledger.complete; ms += STEP_MS) {
    first.run(STEP_MS);
    for (const shard of all) shard.judge(isGood, seen);
  }
  const wronged = first.convicted.map(senderOf).filter((one) => 'peer' in one && one.peer === honestIndex);
  return {
    seed,
    ms: ledger.complete ? ms : Number.POSITIVE_INFINITY,
    allowedMs,
    mixture: others.map(({ name }) => name).join(', '),
    wronged: wronged.length,
  };
}

const alone = process.env['UNCHOKE_MIXTURE'];
const seeds = alone === undefined ? Array.from({ length: MIXTURES }, (_, i) => i + 1) : [Number(alone)];

test(`${seeds.length} mixtures: all complete in time, and no honest peer is banned`, () => {
  const told = seeds.map(run);
  const late = told.filter(({ ms, allowedMs, wronged }) => ms > allowedMs || wronged > 0);
  assert.deepEqual(late, [], `run one alone with UNCHOKE_MIXTURE=${late[0]?.seed}`);
  if (alone !== undefined) process.stdout.write(`${JSON.stringify(told, null, 2)}\n`);
});
