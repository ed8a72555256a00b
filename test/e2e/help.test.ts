/** What `--help` shows: one screen of what one needs first, and with `--help-all` everything. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { withCommand } from '../../src/main/cli/command-word.ts';
import { defineGet } from '../../src/main/cli/commands/get-flags.ts';
import { temporaryFolder } from '../support/cli.ts';
import { CLI } from '../support/paths.ts';

/** A terminal of 80 columns and 24 lines has one line for the next prompt. */
const COLUMNS = 80;
const LINES = 23;
const folder = temporaryFolder();

function linesOf(...args: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CONFIG_HOME: folder },
  });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split('\n');
}

const COMMANDS = linesOf('--help').flatMap((line) => /^ {2}([a-z]+)(?: [<[]| {2})/.exec(line)?.[1] ?? []);

test('the help of every command fits one screen', () => {
  assert.ok(COMMANDS.includes('get') && COMMANDS.includes('help') && COMMANDS.length > 10);
  for (const command of COMMANDS) {
    const lines = linesOf(command, '--help');
    assert.ok(lines.length <= LINES, `${command}: ${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= COLUMNS, line);
  }
});

/** The places where a bracket of this kind stands open or alone. */
function unpaired(text: string): string[] {
  return ['()', '[]'].filter(([open = '', close = '']) => {
    let depth = 0;
    for (const character of text) {
      if (character === open) depth += 1;
      if (character === close) depth -= 1;
      if (depth < 0) return true;
    }
    return depth !== 0;
  });
}

test('nothing in a help text is cut in two: also those of the commands of fleet', () => {
  const fleet = ['add', 'work', 'status', 'retry', 'remove', 'pause', 'resume'].map((name) => [
    'fleet',
    name,
  ]);
  for (const command of [...COMMANDS.map((name) => [name]), ...fleet])
    assert.deepEqual(unpaired(linesOf(...command, '--help').join('\n')), [], command.join(' '));
});

test('the first word of each command is known before the command line is parsed', () => {
  for (const command of COMMANDS)
    assert.deepEqual(withCommand([command, 'x.torrent']), [command, 'x.torrent']);
});

test('get --help shows what one needs first, and says where the rest is', () => {
  const lines = linesOf('get', '--help');
  const options = lines.flatMap((line) => /^ +(?:-\w, )?(--[a-z-]+)/.exec(line)?.[1] ?? []);
  const first = [
    'output',
    'select',
    'choose',
    'dry-run',
    'seed',
    'download-limit',
    'tracker',
    'port',
    'quiet',
  ];
  for (const name of first) assert.ok(options.includes(`--${name}`), name);
  assert.equal(lines.at(-1), 'unchoke get --help-all shows all options');
  assert.doesNotMatch(linesOf('demo', '--help').join('\n'), /help-all/);
});

test('--help-all and help --all show every option in groups, with choices and defaults in words', () => {
  const text = linesOf('get', '--help-all').join('\n');
  for (const { long, hidden } of defineGet(new Command()).options)
    if (!hidden) assert.match(text, new RegExp(`\\s${long}\\b`));
  assert.deepEqual(text.match(/^[A-Z][a-z]+:$/gm), [
    'Arguments:',
    'Download:',
    'Upload:',
    'Peers:',
    'Network:',
    'Race:',
    'Output:',
    'Cluster:',
    'Options:',
  ]);
  const words = text.replaceAll(/\s+/g, ' ');
  assert.match(words, /--preallocate <how> .*\(choices: none, full; default: none\)/);
  assert.match(words, /--shards <n> threads that talk to peers \(default: half of the cores, at most 8\)/);
  assert.doesNotMatch(text, /--help-all shows all options/);
  assert.equal(linesOf('help', '--all', 'get').join('\n'), text);
  assert.equal(linesOf('help', 'get').join('\n'), linesOf('get', '--help').join('\n'));
  assert.equal(linesOf('help').join('\n'), linesOf('--help').join('\n'));
});

test('help, completion and manual page need no readable config file', () => {
  mkdirSync(join(folder, 'unchoke'));
  writeFileSync(join(folder, 'unchoke', 'unchoke.json'), 'broken');
  linesOf('help', 'get');
  linesOf('completion', 'bash');
  linesOf('man');
});

test('on a terminal that does not know its size, help is as wide as on others', {
  skip: process.platform === 'linux' ? false : 'other programs make terminals there',
}, () => {
  const command = `stty cols 0 rows 0 && '${process.execPath}' '${CLI}' get --help`;
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
  assert.deepEqual(stdout.trimEnd().split(/\r?\n/), linesOf('get', '--help'));
});
