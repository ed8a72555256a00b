/** Options from the environment and the config file, and the manual page: all from one set of definitions. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { statusLines } from '../../src/main/cli/commands/man.ts';
import { DIAGNOSES } from '../../src/main/doctor/diagnosis.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkEvent } from '../support/event-schema.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const torrent = writeTo(folder, 'x.torrent', torrentOf());
const AT_HOME = ['--no-dht', '--no-lsd', '--no-utp'];

function run(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, XDG_CONFIG_HOME: join(folder, 'nothing'), ...environment };
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', env, timeout: 30_000 });
}

function config(name: string, value: unknown): Record<string, string> {
  const home = join(folder, name);
  mkdirSync(join(home, 'unchoke'), { recursive: true });
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  writeFileSync(join(home, 'unchoke', 'unchoke.json'), text);
  return { XDG_CONFIG_HOME: home };
}

test('the command line wins over the environment, the environment over the config file, and a command’s section over the general one', () => {
  const race = ['race', torrent, ...AT_HOME];
  // A wrong value is reported with its origin, which shows which one was used.
  const all = config('all', { shards: 'from all', race: { shards: 'from race' } });
  assert.match(
    run(race, all).stderr,
    /all\/unchoke\/unchoke.json: "race": "shards" from race: not a whole number/,
  );
  assert.match(
    run(race, { ...all, UNCHOKE_SHARDS: 'from env' }).stderr,
    /unchoke: UNCHOKE_SHARDS=from env: not a whole number/,
  );
  assert.match(
    run([...race, '--shards', 'cli'], { ...all, UNCHOKE_SHARDS: 'from env' }).stderr,
    /--shards cli/,
  );
  assert.match(
    run(race, config('only', { shards: 'from all' })).stderr,
    /unchoke.json: "shards" from all: not a whole number/,
  );
});

test('lists, booleans, and their opposites', () => {
  const lists = run(
    ['race', torrent],
    config('lists', {
      peer: ['127.0.0.1:1', '127.0.0.1:2'],
      'no-dht': true,
      'no-lsd': true,
      'no-utp': true,
      json: true,
    }),
  );
  assert.equal(lists.status, 4, lists.stderr);
  const summary = JSON.parse(lists.stdout.trim().split('\n').at(-1) ?? '') as {
    funnel: { addresses: number };
  };
  assert.equal(summary.funnel.addresses, 2);
  const off = {
    UNCHOKE_NO_DHT: '1',
    UNCHOKE_NO_LSD: 'yes',
    UNCHOKE_NO_UTP: 'true',
    UNCHOKE_PEER: '127.0.0.1:1',
    UNCHOKE_JSON: '0',
  };
  const plain = run(['race', torrent], off);
  assert.match(plain.stdout, /^dialled +1 /m);
  assert.match(plain.stdout, /^shard \d: 1 dial; /m);
});

test('an invalid setting is named, with its place', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [config('typo', { shard: 2 }), /unchoke\.json: "shard" is not an option/],
    [config('typo2', { race: { hashers: 2 } }), /"hashers" is not an option of race/],
    [config('scalar', { race: 2 }), /"race" is a command, so its value must be an object/],
    [config('broken', '{"a":'), /unchoke\.json: not valid JSON: /],
    [config('list', []), /not an object of options/],
    [config('bool', { 'no-pex': 'perhaps' }), /"no-pex": not true or false/],
    [{ UNCHOKE_STRATEGY: 'luck' }, /UNCHOKE_STRATEGY=luck: not one of sequential/],
  ];
  for (const [environment, words] of cases) {
    const { status, stderr } = run(['race', torrent, ...AT_HOME], environment);
    assert.equal(status, 2, stderr);
    assert.match(stderr, words);
  }
});

test('the manual page has the groups, options and texts of --help-all in the same order, and every exit status', () => {
  // What a reader of the page and of the help sees, without the layout.
  const words = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  const page = run(['man']).stdout;
  const shown = page
    .replaceAll(/^\.(?:TP|PP)$\n?/gm, '')
    .replaceAll(/^\.(?:B|I) /gm, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\&', '');
  for (const command of ['get', 'race', 'inspect', 'create', 'verify']) {
    const help = run(['help', '--all', command]).stdout;
    const [, options = ''] = /^((?:Download|Peers|Race|Options):\n[\s\S]*)$/m.exec(help) ?? [];
    const expected = words(
      command.startsWith('ver') || command === 'create' ? options.replace('Options:', '') : options,
    );
    assert.ok(expected.length > 100);
    assert.ok(words(shown).includes(expected), `${command}: ${expected}`);
  }
  assert.doesNotMatch(page, /^[^.\n]*(?<!\\)-/m, 'a dash that roff may turn into a hyphen');
  for (const [code, text] of statusLines()) assert.ok(text !== '', `exit status ${code}`);
  assert.match(page, /UNCHOKE_MAX_PEERS/);
  assert.match(words(shown), /--encryption <how> .*\(choices: prefer, require, off; default: prefer\)/);
  assert.match(words(shown), /--hashers <n> threads that hash \(default: the number of cores\)/);
});

test('the schema of events knows every diagnosis, and refuses what it does not know', () => {
  const event = { type: 'diagnosis', v: 1, text: 'x', advice: 'y' };
  for (const code of DIAGNOSES) checkEvent({ ...event, code });
  assert.throws(() => checkEvent({ ...event, code: 'boredom' }), /not as in docs/);
  assert.throws(() => checkEvent({ type: 'piece-failed', v: 1, piece: 3, more: 1 }), /additionalProperties/);
  assert.throws(() => checkEvent({ type: 'piece-failed', v: 1 }), /required/);
});
