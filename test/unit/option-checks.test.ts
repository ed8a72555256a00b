/** Options are checked at the start: what they name must be usable, and a bad value is named by its origin. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command, Option } from 'commander';
import { getCommand } from '../../src/main/cli/commands/get.ts';
import type { GetFlags } from '../../src/main/cli/commands/get-flags.ts';
import { many } from '../../src/main/cli/commands/options.ts';
import { applySettings, type Origins, withOrigin } from '../../src/main/cli/settings.ts';
import { getSettings } from '../../src/main/cli/settings-from-flags.ts';
import { BadOption, Failure } from '../../src/main/failure.ts';
import {
  appendedFile,
  outputFile,
  outputFileIfMissing,
  outputFolder,
} from '../../src/main/files/output-option.ts';
import { programFile } from '../../src/main/files/program-option.ts';
import { nearbyFiles } from '../../src/main/storage/nearby-files.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { torrentPath } from '../../src/main/torrent/torrent-output.ts';
import { temporaryFolder } from '../support/cli.ts';
import { dict, int, list, str, torrentOf } from '../support/torrents.ts';

const folder = temporaryFolder();
const fileOf = (name: string, mode = 0o644): string => {
  const path = join(folder, name);
  writeFileSync(path, 'x');
  chmodSync(path, mode);
  return path;
};
const says = (words: RegExp) => (error: unknown) => error instanceof BadOption && words.test(error.message);
const plain = fileOf('plain');

test('a file for the output: its folder must exist, and the path must not be a folder', () => {
  const missing = join(folder, 'missing', 'x.html');
  assert.throws(
    () => outputFile('--report', missing),
    says(/^--report .*x.html: the folder .*missing does not exist; create it, or choose another folder$/),
  );
  assert.throws(
    () => outputFile('--report', missing),
    (error) => (error as Failure).exitStatus === 5,
  );
  assert.throws(() => outputFile('--report', join(plain, 'x')), says(/plain is not a folder/));
  assert.throws(() => outputFile('--report', folder), says(/it is a folder; give the name of a file in it$/));
  assert.throws(() => outputFile('--report', '/dev/null'), says(/not a regular file/));
  assert.equal(outputFile('--report', plain), plain);
  assert.equal(outputFile('--report', 'x.html'), 'x.html');
  assert.equal(outputFileIfMissing('--journal-key', plain), plain);
  assert.throws(
    () => outputFileIfMissing('--journal-key', missing),
    says(/^--journal-key .* does not exist/),
  );
});

test('a log may be a device; its folder must exist, and a file must be writable', () => {
  assert.equal(appendedFile('--log', plain), plain);
  assert.equal(appendedFile('--log', '/dev/null'), '/dev/null');
  assert.throws(
    () => appendedFile('--log', join(folder, 'missing', 'x.log')),
    says(/^--log .*x.log: the folder .*missing does not exist; create it, or choose another folder$/),
  );
  assert.throws(
    () => appendedFile('--log', folder),
    says(/^--log .*: it is a folder; give the name of a file/),
  );
});

test('a folder for the output may be missing, but not below a file', () => {
  for (const path of [folder, join(folder, 'a', 'b', 'c'), 'relative/deep'])
    assert.equal(outputFolder('--output', path), path);
  assert.throws(() => outputFolder('--output', plain), says(/^--output .*plain is a file, not a folder/));
  assert.throws(() => outputFolder('--output', join(plain, 'a', 'b')), says(/plain is a file, not a folder/));
});

test('create writes into a folder, as cp does', () => {
  assert.equal(torrentPath(folder, 'x.torrent'), join(folder, 'x.torrent'));
  assert.equal(torrentPath(join(folder, 'y.torrent'), 'x.torrent'), join(folder, 'y.torrent'));
  assert.equal(torrentPath('no/', 'x.torrent'), join('no', 'x.torrent'));
});

test('a program is looked for as a shell would', () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = fileOf('bin/run', 0o755);
  fileOf('bin/notes');
  const found = (name: string) => programFile('--on-complete', name, `/nonexistent:${bin}`);
  assert.equal(found('run'), 'run');
  assert.equal(found(program), program);
  for (const [name, words] of [
    ['walk', /^--on-complete walk: there is no such program in PATH$/],
    ['notes', /^--on-complete notes: there is no such program in PATH$/],
    [join(bin, 'notes'), /it is not executable; run chmod \+x .*notes$/],
    [join(bin, 'walk'), /there is no such file$/],
    [bin, /it is a folder, not a program$/],
    ['run --fast', /it takes no arguments: put the command into a script/],
    ['', /the name is empty/],
  ] as const)
    assert.throws(() => found(name), says(words), name);
  const before = process.cwd();
  process.chdir(bin);
  try {
    assert.throws(
      () => programFile('--on-complete', 'run', '/nonexistent'),
      says(/no such program in PATH; for the one in this folder write \.\/run$/),
    );
  } finally {
    process.chdir(before);
  }
});

function applied(environment: Record<string, string>, args: readonly string[] = []) {
  const program = new Command();
  getCommand(program, async () => {});
  const [command] = program.commands as [Command];
  command.exitOverride();
  command.parse(['SOURCE', ...args], { from: 'user' });
  const origins = applySettings(command, program.commands, { XDG_CONFIG_HOME: folder, ...environment });
  return { flags: command.opts() as GetFlags, origins };
}

function refusal({ flags, origins }: { flags: GetFlags; origins: Origins }): string {
  try {
    getSettings(flags);
    return 'accepted';
  } catch (error) {
    const named = withOrigin(error, origins);
    assert.ok(named instanceof Failure);
    return named.message;
  }
}

function config(name: string, value: object): Record<string, string> {
  const home = join(folder, name);
  mkdirSync(join(home, 'unchoke'), { recursive: true });
  writeFileSync(join(home, 'unchoke', 'unchoke.json'), JSON.stringify(value));
  return { XDG_CONFIG_HOME: home };
}

test('a bad value names the variable, or the file and the key, that it comes from', () => {
  assert.match(refusal(applied({}, ['--max-peers', 'x'])), /^--max-peers x: not a whole number/);
  assert.match(refusal(applied({ UNCHOKE_MAX_PEERS: 'x' })), /^UNCHOKE_MAX_PEERS=x: not a whole number/);
  assert.match(
    refusal(applied(config('general', { 'max-peers': 'x' }))),
    /\/unchoke\/unchoke\.json: "max-peers" x: not a whole number/,
  );
  assert.match(
    refusal(applied(config('own', { 'max-peers': 1, get: { 'max-peers': 'x' } }))),
    /unchoke\.json: "get": "max-peers" x: not a whole number/,
  );
  const both = applied({ UNCHOKE_MAX_PEERS: 'x' }, ['--max-peers', 'y']);
  assert.match(refusal(both), /^--max-peers y/);
  for (const [variable, value, words] of [
    ['PEER', 'nowhere', /^UNCHOKE_PEER="nowhere": not HOST:PORT/],
    ['PEERS_FILE', '/nonexistent', /^UNCHOKE_PEERS_FILE=\/nonexistent: there is no such file/],
    ['BLOCKLIST', '/nonexistent', /^UNCHOKE_BLOCKLIST=\/nonexistent: there is no such file/],
    ['PROXY', 'ftp://x', /^UNCHOKE_PROXY=ftp:\/\/x: not socks5/],
    ['INTERFACE', 'eth0', /^UNCHOKE_INTERFACE=eth0: not an address/],
    ['MEMORY', 'x', /^UNCHOKE_MEMORY=x: not a size/],
    ['IDLE_TIMEOUT', 'x', /^UNCHOKE_IDLE_TIMEOUT=x: not a duration/],
    ['PORT', '99999', /^UNCHOKE_PORT=99999: no port/],
    ['REPORT', '/nonexistent/x', /^UNCHOKE_REPORT=\/nonexistent\/x: the folder \/nonexistent does not exist/],
    ['METRICS', '/nonexistent/x', /^UNCHOKE_METRICS=\/nonexistent\/x: the folder/],
    ['SAVE_TORRENT', '/nonexistent/x', /^UNCHOKE_SAVE_TORRENT=\/nonexistent\/x: the folder/],
    ['LOG', '/nonexistent/x', /^UNCHOKE_LOG=\/nonexistent\/x: the folder/],
    ['TRACKER', 'foo', /^UNCHOKE_TRACKER=foo: not the URL of a tracker; write http:\/\/HOST\/announce/],
    ['JOURNAL_KEY', '/nonexistent/x', /^UNCHOKE_JOURNAL_KEY=\/nonexistent\/x: the folder/],
    ['OUTPUT', plain, /^UNCHOKE_OUTPUT=.*plain is a file, not a folder/],
    ['ON_COMPLETE', '/nonexistent', /^UNCHOKE_ON_COMPLETE=\/nonexistent: there is no such file/],
  ] as const)
    assert.match(refusal(applied({ [`UNCHOKE_${variable}`]: value })), words, variable);
});

test('~ at the start of a path in a variable or the config file is the home folder', () => {
  const of = (value: string) => applied({ UNCHOKE_OUTPUT: value }).flags.output;
  assert.deepEqual(
    [of('~/x'), of('~'), of('a/~'), of('~other/x')],
    [join(homedir(), 'x'), homedir(), 'a/~', '~other/x'],
  );
  const { flags } = applied(
    config('home', {
      output: '~/down',
      report: '~/r.html',
      get: { 'on-complete': '~/done' },
      proxy: '~/x',
      select: '~/x',
    }),
  );
  const { output, report, onComplete, proxy, select } = flags;
  assert.deepEqual(
    [output, report, onComplete],
    ['down', 'r.html', 'done'].map((name) => join(homedir(), name)),
  );
  assert.deepEqual([proxy, select], ['~/x', ['~/x']], 'these are not paths on this machine');
  const command = new Command('x')
    .addOption(many('--list <file>', 'some files'))
    .addOption(new Option('--mix <name|file>', 'a mix'));
  applySettings(command, [command], { XDG_CONFIG_HOME: folder, UNCHOKE_LIST: '~/a', UNCHOKE_MIX: '~/b' });
  assert.deepEqual(command.opts(), { list: [join(homedir(), 'a')], mix: join(homedir(), 'b') });
});

test('verify finds files above, below and directly in the folder that the user named', () => {
  const files = list(
    ...['a', 'b'].map((name) => dict({ length: int(50), path: list(str('sub'), str(name)) })),
  );
  const metainfo = parseMetainfo(
    dict({
      info: dict({ files, name: str('set'), 'piece length': int(16_384), pieces: str(Buffer.alloc(20)) }),
    }),
    'test',
  );
  const hint = (path: string) => nearbyFiles(storagePlan(metainfo, path));
  const top = join(folder, 'nearby');
  const right = join(top, 'right');
  mkdirSync(join(right, 'set', 'sub'), { recursive: true });
  mkdirSync(join(top, 'empty'));
  assert.equal(hint(top), null);
  writeFileSync(join(right, 'set', 'sub', 'b'), 'x');
  for (const wrong of [top, join(right, 'set'), join(right, 'other')])
    assert.equal(hint(wrong), `its files are in ${right}: give that folder`);
  assert.equal(hint(join(top, 'empty')), null);
  mkdirSync(join(folder, 'renamed', 'sub'), { recursive: true });
  writeFileSync(join(folder, 'renamed', 'sub', 'a'), 'x');
  assert.match(hint(join(folder, 'renamed')) ?? '', /directly in this folder, .* rename this folder to set/);
  const one = parseMetainfo(torrentOf(), 'test');
  symlinkSync(right, join(top, 'link'));
  writeFileSync(join(right, one.name), 'x');
  assert.match(
    nearbyFiles(storagePlan(one, top)) ?? '',
    /^its files are in .*(?:right|link): give that folder$/,
  );
});
