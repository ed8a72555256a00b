/** What `unchoke fleet` says when something is wrong: no queue needs to run for it. With a queue: test/interop/fleet-*.test.ts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { ROOT } from '../support/paths.ts';
import { freePort } from '../support/processes.ts';

const folder = temporaryFolder();
const fleet = (...args: readonly string[]) => runCli('fleet', ...args);

async function refused(status: number, message: RegExp, ...args: readonly string[]): Promise<void> {
  const run = await fleet(...args);
  assert.equal(run.status, status, run.stderr);
  assert.match(run.stderr, message);
  assert.doesNotMatch(run.stderr + run.stdout, /very-secret|bug in unchoke/);
}

test('a command of a fleet is missing or unknown', async () => {
  await refused(2, /^unchoke: fleet: a command is missing; give add, work, status, /);
  await refused(2, /^unchoke: fleet stat: not one of add, work, .*did you mean status\?$/m, 'stat');
});

test('the queue is missing, or not one that we know', async () => {
  await refused(2, /^unchoke: --queue is missing; give the URL of .* or set UNCHOKE_QUEUE$/m, 'status');
  await refused(
    2,
    /--queue .*not redis:\/\/HOST:PORT/,
    'status',
    '--queue',
    'mysql://u:very-secret@127.0.0.1/x',
  );
  await refused(
    2,
    /^unchoke: --queue-name a:b: /,
    'status',
    '--queue',
    'redis://127.0.0.1',
    '--queue-name',
    'a:b',
  );
});

test('wrong values are found before the queue is asked', async () => {
  const queue = ['--queue', 'redis://127.0.0.1:1'];
  await refused(2, /^unchoke: --slots 0: /, 'work', ...queue, '--slots', '0');
  await refused(2, /^unchoke: --lock-time 1s: less than 3 s$/m, 'work', ...queue, '--lock-time', '1s');
  await refused(2, /^unchoke: --machine a b: /, 'work', ...queue, '--machine', 'a b');
  await refused(2, /--select.* do not work with fleet work; /, 'work', ...queue, '--select', 'x');
  await refused(
    2,
    /^unchoke: --drain later: not one of hand-over, finish/,
    'work',
    ...queue,
    '--drain',
    'later',
  );
  await refused(2, /^unchoke: --attempts 0: /, 'add', 'x.torrent', ...queue, '--attempts', '0');
  await refused(
    2,
    /^unchoke: --tracker .*: not the URL of a tracker/,
    'add',
    'x',
    ...queue,
    '--tracker',
    'x',
  );
  await refused(2, /^unchoke: fleet retry: give the info hashes of jobs, or --all$/m, 'retry', ...queue);
  await refused(2, /--watch and --prometheus: choose one/, 'status', ...queue, '--watch', '--prometheus');
  await refused(2, /--json and --prometheus: choose one/, 'status', ...queue, '--json', '--prometheus');
});

test('a server that is not there is named with what to do, and without its password', async () => {
  const port = await freePort();
  const away = async (scheme: string, server: string, ...command: readonly string[]): Promise<void> =>
    refused(
      4,
      new RegExp(
        `^unchoke: the queue at 127.0.0.1:${port}: nothing listens there; check that ${server} runs there`,
      ),
      ...command,
      ...['--queue', `${scheme}://user:very-secret@127.0.0.1:${port}/0`],
    );
  for (const command of [['status'], ['pause'], ['work', '-o', join(folder, 'out')]])
    await Promise.all([
      away('redis', 'Redis or Valkey', ...command),
      away('postgres', 'PostgreSQL', ...command),
    ]);
  const json = await fleet('status', '--json', '--queue', `redis://:very-secret@127.0.0.1:${port}`);
  assert.deepEqual(
    json.events.map(({ type, code }) => [type, code]),
    [['error', 'queue']],
  );
});

test('a server that says nothing is given up', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => silent.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const { port } = silent.address() as { readonly port: number };
  try {
    await refused(4, /nothing answers there/, 'status', '--queue', `redis://127.0.0.1:${port}`);
  } finally {
    silent.close();
  }
});

test('the URL may stand in the environment and in the config file, and config hides its password', () => {
  const config = join(folder, 'config');
  mkdirSync(join(config, 'unchoke'), { recursive: true });
  const file = join(config, 'unchoke', 'unchoke.json');
  writeFileSync(
    file,
    JSON.stringify({ 'fleet work': { queue: 'redis://:very-secret@127.0.0.1:1', slots: 7 } }),
  );
  const run = (variables: NodeJS.ProcessEnv, ...args: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'dist/main/cli.js'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, XDG_CONFIG_HOME: config, ...variables },
    });
  const shown = run({}, 'config', 'queue', 'slots').stdout;
  assert.match(shown, /redis:\/\/127\.0\.0\.1:1/);
  assert.match(shown, /slots .*fleet work\.slots +7/);
  assert.doesNotMatch(shown, /very-secret/);
  const byFile = run({}, 'fleet', 'work', '-o', folder);
  assert.match(byFile.stderr, /the queue at 127\.0\.0\.1:1: /);
  const byVariable = run({ UNCHOKE_QUEUE: 'redis://127.0.0.1:2' }, 'fleet', 'status');
  assert.match(byVariable.stderr, /the queue at 127\.0\.0\.1:2: /);
});

test('without its optional packages it says which command installs them; everything else works', () => {
  const home = join(folder, 'bare');
  mkdirSync(join(home, 'node_modules'), { recursive: true });
  cpSync(join(ROOT, 'dist'), join(home, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(home, 'package.json'));
  for (const name of [
    '@clack',
    'bencode',
    'bittorrent-dht',
    'commander',
    'log-update',
    'picomatch',
    'piscina',
    'socks',
  ])
    symlinkSync(join(ROOT, 'node_modules', name), join(home, 'node_modules', name));
  assert.ok(!existsSync(join(home, 'node_modules', 'bullmq')));
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(home, 'dist/main/cli.js'), ...args], { encoding: 'utf8' });
  for (const [url, driver] of [
    ['redis://127.0.0.1:1', 'ioredis'],
    ['postgres://127.0.0.1:1/x', 'pg'],
  ]) {
    const { status, stderr } = run('fleet', 'status', '--queue', url as string);
    assert.equal(status, 2);
    assert.match(
      stderr,
      new RegExp(`needs the packages bullmq and ${driver}, .* run npm install --global bullmq@6 ${driver} `),
    );
  }
  assert.equal(run('fleet', '--help').status, 0);
  assert.equal(run('fleet', 'work', '--help').status, 0);
});

test('every command of a fleet has a help that fits one screen, and completion and manual page know it', () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'dist/main/cli.js'), ...args], { encoding: 'utf8' }).stdout;
  const manual = run('man');
  for (const word of ['add', 'work', 'status', 'retry', 'remove', 'pause', 'resume']) {
    const lines = run('fleet', word, '--help').trimEnd().split('\n');
    assert.match(lines[0] ?? '', new RegExp(`^Usage: unchoke fleet ${word} `));
    assert.ok(lines.length <= 23, `${word}: ${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.equal(run('help', 'fleet', word).trimEnd(), lines.join('\n'));
    assert.ok(manual.includes(`.SS unchoke fleet ${word} `), word);
  }
});
