/** Completion in real shells: zsh in a terminal (tmux), fish through its own command. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { Terminal } from '../support/terminal.ts';

const folder = temporaryFolder();
const terminal = new Terminal('unchoke-shells');
after(() => terminal.end());
checkLeaksAtEnd();

/** The folder of the user. */
const place = join(folder, 'place');
mkdirSync(join(place, 'my folder'), { recursive: true });
writeFileSync(join(place, 'my file.torrent'), '');

/** Writes the completion of a shell. */
function completion(shell: string, name: string): string {
  const { stdout, status } = spawnSync(process.execPath, [CLI, 'completion', shell], { encoding: 'utf8' });
  assert.equal(status, 0);
  const file = join(folder, name);
  writeFileSync(file, stdout);
  return file;
}

test('fish offers commands, options and choices', () => {
  const file = completion('fish', 'unchoke.fish');
  const offered = (typed: string): string[] => {
    const { stdout, stderr } = spawnSync('fish', ['-N', '-c', `source ${file}; complete -C '${typed}'`], {
      encoding: 'utf8',
      cwd: place,
      env: { ...process.env, HOME: folder },
    });
    assert.equal(stderr, '');
    return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
  };
  assert.deepEqual(offered('unchoke ra'), ['race']);
  assert.deepEqual(offered('unchoke get --max'), ['--max-peers']);
  assert.deepEqual(offered('unchoke get --encryption '), ['off', 'prefer', 'require']);
  assert.deepEqual(offered('unchoke get --encryption=r'), ['--encryption=require']);
  assert.deepEqual(offered('unchoke get --max-peers '), []);
  assert.deepEqual(offered('unchoke completion '), ['bash', 'fish', 'zsh']);
  assert.deepEqual(offered('unchoke help ra'), ['race']);
  assert.deepEqual(offered('unchoke help --a'), ['--all']);
  assert.deepEqual(offered('unchoke --v'), ['--version']);
  assert.deepEqual(offered('unchoke get my'), ['my file.torrent', 'my folder/']);
  assert.deepEqual(offered('unchoke get -o my'), ['my folder/']);
  assert.deepEqual(offered('unchoke get --output my'), ['my folder/']);
  assert.deepEqual(offered('unchoke get --report my'), ['my file.torrent', 'my folder/']);
});

test('zsh completes commands, options and choices', async () => {
  completion('zsh', '_unchoke');
  const program = join(folder, 'unchoke');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
  terminal.start('zsh', `cd ${place} && PATH=${folder}:$PATH zsh -f`);
  terminal.type(
    'zsh',
    `fpath=(${folder} $fpath); autoload -U compinit; compinit -u -D; clear; echo ready`,
    'Enter',
  );
  await terminal.untilShown('zsh', /^ready$/m);
  terminal.type('zsh', 'unchoke ra', 'Tab');
  await terminal.untilShown('zsh', /unchoke race $/m);
  terminal.type('zsh', '--max', 'Tab');
  await terminal.untilShown('zsh', /unchoke race --max-peers= $/m);
  terminal.type('zsh', '3 --encryption req', 'Tab');
  await terminal.untilShown('zsh', /--encryption require $/m);
  const typed: [string, RegExp][] = [
    ['unchoke get --encryption=req', /unchoke get --encryption=require $/m],
    ['unchoke get my\\ fi', /unchoke get my\\ file\.torrent $/m],
    // A file begins in the same way, so only a folder is unique.
    ['unchoke get -o my', /unchoke get -o my\\ folder\/ $/m],
    ['unchoke get --output=my', /unchoke get --output=my\\ folder\/ $/m],
    ['unchoke help ra', /unchoke help race $/m],
    ['unchoke completion z', /unchoke completion zsh $/m],
    ['unchoke ins', /unchoke inspect $/m],
  ];
  for (const [words, completed] of typed) {
    terminal.type('zsh', '', 'C-u');
    terminal.type('zsh', words, 'Tab');
    await terminal.untilShown('zsh', completed);
  }
});
