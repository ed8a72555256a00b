/** Clusters on the command line. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { getCommand } from '../../src/main/cli/commands/get.ts';
import type { GetFlags } from '../../src/main/cli/commands/get-flags.ts';
import { getSettings } from '../../src/main/cli/settings-from-flags.ts';
import { Failure } from '../../src/main/failure.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
const usage = (message: RegExp) => (error: unknown) =>
  error instanceof Failure && error.exitStatus === 2 && message.test(error.message);

function get(args: readonly string[]) {
  const program = new Command();
  getCommand(program, async () => {});
  const [command] = program.commands;
  command?.exitOverride().parse(['SOURCE', ...args], { from: 'user' });
  return getSettings(command?.opts() as GetFlags);
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('a cluster: its nodes, size, secret and end', () => {
  const of = (args: readonly string[]) => get(['--cluster', 'c', ...args]).torrent.cluster;
  const secret = file('cluster.key', 'abc\n');
  assert.deepEqual(of([]), { name: 'c', nodes: [], size: 0, secret: null, wait: false, timeout: 0 });
  assert.equal(get(['--cluster', 'c']).session.port, 6_881);
  assert.equal(get(['--cluster', 'c', '--port', '7000']).session.port, 7_000);
  assert.deepEqual(of(['--port', '7', '--cluster-nodes', 'a,b:8 [::1] ::2\n10.0.0.1:9'])?.nodes, [
    { host: 'a', port: 7 },
    { host: 'b', port: 8 },
    { host: '::1', port: 7 },
    { host: '::2', port: 7 },
    { host: '10.0.0.1', port: 9 },
  ]);
  assert.equal(of(['--cluster-secret-file', secret])?.secret, 'abc');
  assert.equal(of(['--cluster-size', '8', '--cluster-wait'])?.size, 8);
  assert.equal(of(['--cluster-nodes', 'a', '--cluster-wait'])?.wait, true);
  assert.equal(of(['--cluster-timeout', '90s'])?.timeout, 90_000);
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--cluster', 'c', '--no-listen'], /--cluster does not work with --no-listen/],
    [['--cluster', 'c', '--proxy', 'http://127.0.0.1:1'], /--cluster does not work with --proxy/],
    [['--cluster', ''], /--cluster is empty/],
    [['--cluster-nodes', 'a'], /--cluster-nodes works only with --cluster NAME/],
    [['--cluster-wait'], /--cluster-wait works only with --cluster NAME/],
    [['--cluster', 'c', '--cluster-wait'], /--cluster-wait needs to know how many nodes there are/],
    [['--cluster', 'c', '--cluster-nodes', ' , '], /--cluster-nodes is empty/],
    [['--cluster', 'c', '--cluster-nodes', 'a:b:70000'], /not a host name or address/],
    [['--cluster', 'c', '--cluster-secret-file', join(folder, 'no')], /--cluster-secret-file .*no such file/],
    [['--cluster', 'c', '--cluster-secret-file', file('empty.key', '\n')], /it is empty/],
  ];
  for (const [args, message] of wrong) assert.throws(() => get(args), usage(message), args.join(' '));
});
