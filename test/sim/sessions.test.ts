/**
 * Whole sessions in virtual time: a fixed slice of the random ones, and those that failed once. More of them:
 * `npm run simulate -- --seeds 10000 --from 1000`. One alone, with what happens: `npm run simulate -- --seed 7 --log`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runScenario } from '../simulate/run-scenario.ts';
import { type Scenario, scenarioOf } from '../simulate/scenario.ts';
import { ROOT } from '../support/paths.ts';

const SEEDS = 150;

test(`${SEEDS} random sessions: what is called verified is right, no honest peer is banned, all complete in time, nothing is left`, async () => {
  const failed: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failures } = await runScenario(scenarioOf(seed));
    for (const failure of failures) failed.push(`seed ${seed}: ${failure}`);
  }
  assert.deepEqual(failed, []);
});

test('a session is the same each time', async () => {
  const runs = [[], []] as [string[], string[]];
  for (const log of runs) await runScenario(scenarioOf(3), (text) => log.push(text));
  assert.ok(runs[0].length > 20);
  assert.deepEqual(runs[0], runs[1]);
});

interface Found {
  readonly what: string;
  readonly scenario: Scenario;
}

const found = JSON.parse(readFileSync(join(ROOT, 'test', 'simulate', 'found.json'), 'utf8')) as Found[];

for (const { what, scenario } of found)
  test(`found by seed ${scenario.seed}: ${what}`, async () => {
    assert.deepEqual((await runScenario(scenario)).failures, []);
  });
