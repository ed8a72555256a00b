/** Completion in real shells: zsh in a terminal (tmux), fish through its own command. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
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
      env: { ...process.env, HOME: folder },
    });
    assert.equal(stderr, '');
    return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
  };
  assert.deepEqual(offered('unchoke ra'), ['race']);
  assert.deepEqual(offered('unchoke get --max'), ['--max-peers']);
  assert.deepEqual(offered('unchoke get --encryption '), ['off', 'prefer', 'require']);
});

test('zsh completes commands, options and choices', async () => {
  completion('zsh', '_unchoke');
  const program = join(folder, 'unchoke');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
  terminal.start('zsh', `cd ${folder} && PATH=${folder}:$PATH zsh -f`);
  terminal.type(
    'zsh',
    `fpath=(${folder} $fpath); autoload -U compinit; compinit -u -D; clear; echo ready`,
    'Enter',
  );
  await terminal.untilShown('zsh', /^ready$/m);
  terminal.type('zsh', 'unchoke ra', 'Tab');
  await terminal.untilShown('zsh', /unchoke race $/m);
  terminal.type('zsh', '--max', 'Tab');
  await terminal.untilShown('zsh', /unchoke race --max-peers $/m);
  terminal.type('zsh', '3 --encryption req', 'Tab');
  await terminal.untilShown('zsh', /--encryption require $/m);
});
