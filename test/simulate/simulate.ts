/**
 * Random sessions by seed: `npm run simulate -- --seeds N [--from FIRST]`. `--seed S --log` replays one and prints what happens;
 * `--seed S --shrink` looks for a smaller scenario that also fails, and `--scenario JSON` runs a given one. `--clusters N [--from FIRST]` runs
 * clusters of up to 200 nodes instead.
 */
import { parseArgs } from 'node:util';
import { ClusterKey } from '../../src/main/cluster/cluster-key.ts';
import { clusterFailures, clusterScenarioOf } from './cluster-scenario.ts';
import { runScenario } from './run-scenario.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { shrunk } from './shrink.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    clusters: { type: 'string' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    log: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
  },
});
/** How many of the latest downloads are shown. */
const SHOWN = 5;
const say = (text: string): unknown => process.stdout.write(`${text}\n`);
process.on('unhandledRejection', (error) => {
  say(`unhandled: ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 1;
});

if (values.clusters !== undefined) await clusters(Number(values.from), Number(values.clusters));
else if (values.scenario !== undefined) await one(JSON.parse(values.scenario) as Scenario);
else if (values.seed !== undefined) await one(scenarioOf(Number(values.seed)));
else await many(Number(values.from), Number(values.seeds));

async function one(planned: Scenario): Promise<void> {
  const { seed } = planned;
  let scenario = planned;
  if (values.shrink) scenario = await shrunk(scenario, say);
  say(JSON.stringify(scenario));
  const { failures, beyondMs, virtualMs } = await runScenario(scenario, values.log ? say : undefined);
  say(`${Math.round(virtualMs)} ms of virtual time, ${Math.round(beyondMs)} ms beyond bytes / rate`);
  for (const failure of failures) say(`seed ${seed}: ${failure}`);
  end(failures.length === 0 ? 1 : 0, failures.length === 0 ? 0 : 1);
}

async function many(from: number, count: number): Promise<void> {
  let failed = 0;
  let slowest: { readonly seed: number; readonly beyondMs: number }[] = [];
  const begun = performance.now();
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await runScenario(scenarioOf(seed));
    if (outcome.failures.length > 0) {
      failed += 1;
      say(`seed ${seed}: ${outcome.failures.join('; ')}`);
    }
    slowest.push({ seed, beyondMs: Math.round(outcome.beyondMs) });
    slowest = slowest.sort((a, b) => b.beyondMs - a.beyondMs).slice(0, SHOWN);
  }
  const seconds = (performance.now() - begun) / 1_000;
  const late = slowest.map(({ seed, beyondMs }) => `${seed} (${beyondMs} ms)`).join(', ');
  say(`${(count / seconds).toFixed(1)} seeds a second; the latest beyond bytes / rate: ${late}`);
  end(count - failed, failed);
}

async function clusters(from: number, count: number): Promise<void> {
  const key = new ClusterKey('model', null);
  let failed = 0;
  for (let seed = from; seed < from + count; seed++) {
    const scenario = clusterScenarioOf(seed);
    const { failures } = await clusterFailures(scenario, key);
    if (failures.length === 0) continue;
    failed += 1;
    say(`seed ${seed}: ${failures.join('; ')}: ${JSON.stringify(scenario)}`);
  }
  end(count - failed, failed);
}

function end(passed: number, failed: number): void {
  if (failed > 0) process.exitCode = 1;
  say(`${passed} passed, ${failed} failed`);
}
