/** Completion in a real bash that reads keys. Other shells: test/interop/shells.test.ts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { CLI } from '../support/paths.ts';

const folder = temporaryFolder();
const script = join(folder, 'completion.bash');
/** The folder of the user. */
const place = join(folder, 'place');
mkdirSync(join(place, 'my folder'), { recursive: true });
writeFileSync(join(place, 'my file.torrent'), '');
writeFileSync(script, written('bash'));

function written(shell: string): string {
  const { stdout, status } = spawnSync(process.execPath, [CLI, 'completion', shell], { encoding: 'utf8' });
  assert.equal(status, 0);
  return stdout;
}

/** Types the words and presses Tab and Enter. Returns the arguments that `unchoke` gets. */
function completed(typed: string): string[] {
  const keys = [`. ${script}`, `unchoke() { printf '<%s>' "$@"; echo; }`, `${typed}\t`, 'exit', ''];
  const { stdout } = spawnSync('bash', ['--norc', '--noprofile', '-i'], {
    input: keys.join('\n'),
    encoding: 'utf8',
    cwd: place,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, TERM: 'dumb', PS1: '' },
    timeout: 30_000,
  });
  const got = /^<(.*)>$/m.exec(stdout)?.[1];
  assert.ok(got !== undefined, stdout);
  return got.split('><');
}

test('bash completes commands, options and choices', () => {
  assert.deepEqual(completed('unchoke ra'), ['race']);
  assert.deepEqual(completed('unchoke --v'), ['--version']);
  assert.deepEqual(completed('unchoke get --max'), ['get', '--max-peers']);
  assert.deepEqual(completed('unchoke get --help-'), ['get', '--help-all']);
  assert.deepEqual(completed('unchoke get --encryption r'), ['get', '--encryption', 'require']);
  assert.deepEqual(completed('unchoke get --encryption=r'), ['get', '--encryption=require']);
  assert.deepEqual(completed('unchoke help ra'), ['help', 'race']);
  assert.deepEqual(completed('unchoke completion z'), ['completion', 'zsh']);
  assert.deepEqual(completed('unchoke fle'), ['fleet']);
  assert.deepEqual(completed('unchoke fleet st'), ['fleet', 'status']);
  assert.deepEqual(completed('unchoke fleet work --sl'), ['fleet', 'work', '--slots']);
  assert.deepEqual(completed('unchoke fleet work --drain f'), ['fleet', 'work', '--drain', 'finish']);
  assert.deepEqual(completed('unchoke fleet add --prio'), ['fleet', 'add', '--priority']);
});

test('bash completes names of files with spaces, only folders where a folder is wanted, and nothing for a number', () => {
  assert.deepEqual(completed('unchoke get my\\ fi'), ['get', 'my file.torrent']);
  assert.deepEqual(completed('unchoke get "my fi'), ['get', 'my file.torrent']);
  assert.deepEqual(completed('unchoke get --report my\\ fi'), ['get', '--report', 'my file.torrent']);
  // A file begins in the same way, so only the folder is unique.
  assert.deepEqual(completed('unchoke get -o my'), ['get', '-o', 'my folder/']);
  assert.deepEqual(completed('unchoke get --output my'), ['get', '--output', 'my folder/']);
  assert.deepEqual(completed('unchoke watch my'), ['watch', 'my folder/']);
  assert.deepEqual(completed('unchoke get --max-peers my\\ fi'), ['get', '--max-peers', 'my fi']);
});

test('every shell has a script that names every command', () => {
  const help = spawnSync(process.execPath, [CLI, '--help'], { encoding: 'utf8' }).stdout;
  const commands: readonly string[] = help.split('Commands:')[1]?.match(/(?<=^ {2})[a-z]+/gm) ?? [];
  assert.ok(commands.includes('config') && commands.includes('help'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const text = written(shell);
    for (const command of commands)
      assert.match(text, new RegExp(`\\b${command}\\b`), `${shell}: ${command}`);
  }
  assert.equal(spawnSync(process.execPath, [CLI, 'completion', 'tcsh']).status, 2);
  assert.match(written('zsh'), /'1:folder:_files -\/'/);
  assert.match(written('fish'), /__unchoke_in watch' -f -a '\(__fish_complete_directories\)'/);
});
