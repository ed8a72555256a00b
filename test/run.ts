/**
 * Runs the suites named on the command line with Node's own test runner and closes with a count. Most files run side by
 * side; those that measure themselves against real sockets, processes and clients run one by one.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** How many files of a suite run side by side. Those with processes wait for something most of the time; the clients of others have time-outs of their own. */
const SIDE_BY_SIDE: Readonly<Record<string, number>> = {
  unit: 4,
  sim: 4,
  fuzz: 4,
  e2e: 3,
  interop: 2,
  threads: 2,
};
/** They measure themselves, or fill the machine: nothing else may run beside them. */
const ALONE =
  /(e2e|interop)\/(cluster|cluster-pods|cluster-url|doctor|doctor-causes|endgame|many-slow|slow-disk|suggestions|swarm|terminal|upload-\w+|uploads|utp)\.test\.js$/;
const FILE_TIMEOUT_MS = 300_000;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

function filesOf(suite: string): string[] {
  const folder = join(import.meta.dirname, suite);
  const names = readdirSync(folder).filter((name) => name.endsWith('.test.js'));
  return names.sort().map((name) => join(folder, name));
}

async function runFiles(files: string[], concurrency: number, counts: Counts): Promise<void> {
  if (files.length === 0) return;
  const stream = run({ files, concurrency, timeout: FILE_TIMEOUT_MS });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined) counts.skipped += 1;
    else counts.passed += 1;
  });
  stream.on('test:fail', (event) => {
    if (event.details.type !== 'suite') counts.failed += 1;
    process.exitCode = 1;
  });
  const text = stream.compose(new spec());
  for await (const chunk of text) process.stdout.write(chunk);
}

const suites = process.argv.slice(2);
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
/** By how many run side by side. */
const together = new Map<number, string[]>();
for (const suite of suites)
  for (const file of filesOf(suite)) {
    const count = ALONE.test(file) ? 1 : (SIDE_BY_SIDE[suite] ?? 1);
    together.set(count, [...(together.get(count) ?? []), file]);
  }
for (const [count, files] of [...together].sort(([a], [b]) => b - a)) await runFiles(files, count, counts);
if (counts.passed + counts.failed === 0) {
  process.stdout.write(`no test in ${suites.join(', ')}\n`);
  process.exitCode = 1;
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
