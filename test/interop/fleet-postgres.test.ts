/** A fleet on PostgreSQL. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { fleetCases } from '../support/fleet-cases.ts';
import { withLab } from '../support/fleet-setting.ts';
import { CLI } from '../support/paths.ts';

fleetCases('postgres');

test('postgres: a worker whose clock is wrong does not begin; commands that hold no lock do', () =>
  withLab(temporaryFolder(), 'postgres', 1, async ({ lab, output }) => {
    const late = `const now = Date.now; Date.now = () => now() - 10_000;`;
    const env = { ...lab.environment, NODE_OPTIONS: `--import=data:text/javascript,${encodeURI(late)}` };
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, [CLI, 'fleet', ...args], { encoding: 'utf8', env, timeout: 60_000 });
    const { status, stderr } = run('work', '-o', output('late'), '--machine', 'late', '--no-dht');
    assert.equal(status, 4, stderr);
    assert.match(stderr, /the clocks of this machine and of the server differ by 1\d/);
    assert.match(stderr, /set both by NTP/);
    assert.equal(run('status').status, 0);
  }));
