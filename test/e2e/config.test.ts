/** `unchoke config`: every setting once, with its value and where it comes from, and without passwords. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { defineGet } from '../../src/main/cli/commands/get-flags.ts';
import type { Setting } from '../../src/main/cli/settings-list.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkEvent } from '../support/event-schema.ts';
import { CLI } from '../support/paths.ts';

interface Shown {
  readonly file: { readonly path: string; readonly exists: boolean };
  readonly settings: readonly Setting[];
  readonly unknownVariables: readonly string[];
}

const folder = temporaryFolder();
const home = join(folder, 'home');
const path = join(home, 'unchoke', 'unchoke.json');
mkdirSync(join(home, 'unchoke'), { recursive: true });
writeFileSync(
  path,
  JSON.stringify({ 'max-peers': 9, 'no-dht': true, get: { output: '/srv', 'max-peers': 7 } }),
);
/** No setting of the caller. */
const CLEAN = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('UNCHOKE_')),
);

function run(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...CLEAN, XDG_CONFIG_HOME: home, ...environment };
  return spawnSync(process.execPath, [CLI, 'config', ...args], { encoding: 'utf8', env, timeout: 30_000 });
}

function shown(environment: Record<string, string> = {}, ...args: readonly string[]): Shown {
  const { stdout, stderr } = run(['--json', ...args], environment);
  const event = JSON.parse(stdout || `"${stderr}"`) as Record<string, unknown>;
  checkEvent(event);
  return event as unknown as Shown;
}

const valuesOf = ({ settings }: Shown, name: string) =>
  (settings.find(({ option }) => option === name)?.values ?? []).map(({ value, from, key, commands }) => ({
    value: value.join(' '),
    from: key ?? from,
    commands: commands.join(' '),
  }));

test('every option that can be set is shown once', () => {
  const { settings, file } = shown();
  const names = settings.map(({ option }) => option);
  assert.deepEqual(names, [...new Set(names)].sort());
  for (const { long, hidden } of defineGet(new Command()).options)
    if (!hidden) assert.ok(names.includes(long?.slice(2) ?? ''), long);
  assert.deepEqual(file, { path, exists: true });
  for (const name of ['help', 'help-all', 'version', 'all']) assert.ok(!names.includes(name), name);
});

test('a value has its origin: variable, key of the file, or default; a command is named where it differs', () => {
  const values = shown({ UNCHOKE_NO_LSD: 'yes', UNCHOKE_SHARDS: '3' });
  const racing = 'get share watch race doctor bench inspect fleet work';
  assert.deepEqual(valuesOf(values, 'shards'), [{ value: '3', from: 'environment', commands: racing }]);
  assert.deepEqual(valuesOf(values, 'no-lsd'), [{ value: 'true', from: 'environment', commands: racing }]);
  assert.deepEqual(valuesOf(values, 'no-dht'), [{ value: 'true', from: 'no-dht', commands: racing }]);
  assert.deepEqual(valuesOf(values, 'max-peers'), [
    { value: '9', from: 'max-peers', commands: 'watch race doctor bench inspect fleet work' },
    { value: '7', from: 'get.max-peers', commands: 'get' },
  ]);
  assert.deepEqual(valuesOf(values, 'output'), [
    { value: '.', from: 'default', commands: 'watch fleet work' },
    { value: '/srv', from: 'get.output', commands: 'get' },
    { value: '', from: 'default', commands: 'create' },
    { value: 'swarm.torrent', from: 'default', commands: 'swarm' },
  ]);
});

test('the table for people', () => {
  const lines = run([], { UNCHOKE_SHARDS: '3', UNCHOKE_SHARD: '3' }).stdout.trimEnd().split('\n');
  assert.equal(lines[0], `config file: ${path}`);
  const rows = lines.map((line) => line.replaceAll(/ {2,}/g, ' | ').trim());
  for (const row of [
    'option | from | value',
    'shards | UNCHOKE_SHARDS | 3',
    'max-peers | file, max-peers | 9',
    '| for get | file, get.max-peers | 7',
    'encryption | default | prefer',
    'peer | default | none',
    'half-open | default | 500, or 2000 with a public IPv4 address',
  ])
    assert.ok(rows.includes(row), `${row}\n${lines.join('\n')}`);
  assert.equal(
    lines.at(-1),
    'UNCHOKE_SHARD: in the environment, but there is no such setting; did you mean UNCHOKE_SHARDS?',
  );
  const without = run([], { XDG_CONFIG_HOME: folder }).stdout;
  assert.match(without, /^config file: .*unchoke\.json \(does not exist\)\n/);
});

test('passwords and passkeys are hidden, also in what is no URL', () => {
  const secrets: Record<string, string> = {
    UNCHOKE_PROXY: 'socks5://me:hush@127.0.0.1:1080',
    UNCHOKE_TRACKER: 'http://t.example/hush/announce',
  };
  for (const args of [[], ['--json']]) {
    const { stdout } = run(args, secrets);
    assert.match(stdout, /socks5:\/\/127\.0\.0\.1:1080/);
    assert.match(stdout, /http:\/\/t\.example\/…/);
    assert.doesNotMatch(stdout, /hush/);
    assert.doesNotMatch(run(args, { UNCHOKE_PROXY: 'me:hush@127.0.0.1:1080' }).stdout, /hush/);
    assert.match(run([...args, '--show-secrets'], secrets).stdout, /me:hush@/);
  }
});

test('named settings alone are shown; a command with another default is named', () => {
  const rows = run(['part', '--quiet', 'UNCHOKE_MEMORY']);
  assert.equal(rows.status, 2);
  const { stdout } = run(['part', 'UNCHOKE_MEMORY']);
  const lines = stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines
      .map((line) => line.replaceAll(/ {2,}/g, ' | ').replace(/^ \| /, '').replace(/\(.*/, ''))
      .slice(0, 4),
    [
      'option | from | value',
      'part | default | false',
      'for watch | default | true',
      lines[3]?.replaceAll(/ {2,}/g, ' | '),
    ],
  );
  assert.match(lines[3] ?? '', /^memory /);
  assert.deepEqual(
    shown({}, 'max-peers').settings.map(({ option }) => option),
    ['max-peers'],
  );
  assert.match(
    run(['max-peer']).stderr,
    /config max-peer: there is no such setting; did you mean max-peers\?/,
  );
});

test('a variable that is no setting is named once by the other commands, too', () => {
  const env = { ...CLEAN, XDG_CONFIG_HOME: folder, UNCHOKE_MAXPEERS: '3', UNCHOKE_DONE_NAME: 'x' };
  const of = (...args: readonly string[]) =>
    spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', env });
  const warnings =
    /UNCHOKE_MAXPEERS: in the environment, but there is no such setting; did you mean UNCHOKE_MAX_PEERS\?/g;
  assert.equal(of('get', '/nonexistent.torrent').stderr.match(warnings)?.length, 1);
  assert.doesNotMatch(of('get', '/nonexistent.torrent').stderr, /UNCHOKE_DONE/);
  assert.doesNotMatch(of('get', '/nonexistent.torrent', '--quiet').stderr, warnings);
  assert.doesNotMatch(of('man').stderr, warnings);
});

test('a wrong setting is named with its place', () => {
  const { status, stderr } = run([], { UNCHOKE_STRATEGY: 'luck' });
  assert.equal(status, 2);
  assert.match(stderr, /UNCHOKE_STRATEGY=luck: not one of/);
});
