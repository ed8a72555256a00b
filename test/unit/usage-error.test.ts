/** What the user reads after a wrong word on the command line: in our style, with an answer to words of other clients. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { completionCommand } from '../../src/main/cli/commands/completion.ts';
import { configCommand } from '../../src/main/cli/commands/config.ts';
import { createCommand } from '../../src/main/cli/commands/create.ts';
import { demoCommand } from '../../src/main/cli/commands/demo.ts';
import { getCommand } from '../../src/main/cli/commands/get.ts';
import type { GetFlags } from '../../src/main/cli/commands/get-flags.ts';
import { raceCommand } from '../../src/main/cli/commands/race.ts';
import { verifyCommand } from '../../src/main/cli/commands/verify.ts';
import { setUpHelp } from '../../src/main/cli/help.ts';
import { addAliases } from '../../src/main/cli/other-clients.ts';
import { usageError } from '../../src/main/cli/output/usage-error.ts';
import { similarWords } from '../../src/main/cli/similar-words.ts';

/** Runs nothing: the flags of `get`, or the first line of the error. */
async function parsed(...words: readonly string[]): Promise<GetFlags | string> {
  let flags: GetFlags | null = null;
  let said = '';
  const program = new Command('unchoke').version('1').showSuggestionAfterError(false).exitOverride();
  const ignored = async (): Promise<void> => {};
  getCommand(program, async (_, given) => {
    flags = given;
  });
  raceCommand(program, ignored);
  verifyCommand(program, ignored);
  createCommand(program, ignored);
  demoCommand(program, ignored);
  configCommand(program);
  completionCommand(program);
  setUpHelp(program);
  for (const command of program.commands) addAliases(command);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      outputError: (text) => {
        said = `unchoke: ${usageError(text, command)}`;
      },
    });
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (said === '') return (error as Error).message;
  }
  return flags ?? said;
}

test('every error of the parser says what is wrong, where, and what to do', async () => {
  for (const [line, words] of [
    [
      'get',
      'unchoke: get: <source> is missing; give a .torrent file or its URL, a magnet link, an info hash, or -',
    ],
    ['completion', 'unchoke: completion: <shell> is missing; give bash, zsh or fish'],
    ['completion tcsh', 'unchoke: completion tcsh: not one of bash, zsh, fish'],
    [
      'get x --encryption requir',
      'unchoke: --encryption requir: not one of prefer, require, off; did you mean require?',
    ],
    ['get x -o', 'unchoke: --output: its value is missing; write --output <dir>'],
    [
      'verify a b c',
      'unchoke: verify takes 2 words at most, and there are 3; put a name with spaces in quotes',
    ],
    ['race a b', 'unchoke: race takes one word, and there are 2; put a name with spaces in quotes'],
    ['demo x', 'unchoke: demo takes only options, and there is 1 more word'],
    ['help gte', 'help gte: there is no such command; did you mean get?'],
    ['help hash', 'help hash: there is no such command; unchoke inspect shows the info hash'],
    ['config max-peer', 'config max-peer: there is no such setting; did you mean max-peers?'],
    ['gte x', "unchoke: unknown command 'gte'; did you mean get?"],
    ['dowload x', "unchoke: unknown command 'dowload'; did you mean get?"],
    ['verfy x', "unchoke: unknown command 'verfy'; did you mean verify?"],
    [
      'hash x',
      "unchoke: unknown command 'hash'; unchoke inspect shows the info hash, unchoke verify checks files",
    ],
    ['xyzzy x', "unchoke: unknown command 'xyzzy'"],
  ] as const) {
    const said = await parsed(...line.split(' '));
    assert.ok(typeof said === 'string' && said.startsWith(words), `${line}: ${JSON.stringify(said)}`);
  }
});

test('an unknown option: an answer, the option that is meant, or the commands that have it', async () => {
  const answers: readonly (readonly [line: string, answer: string])[] = [
    ['--bt-tracker=x', 'use --tracker URL, once for each tracker'],
    ['--trackers x', 'use --tracker URL, once for each tracker'],
    ['--max-download-limit=1M', 'use --download-limit RATE, such as 400K; it is for all torrents together'],
    ['--downlimit 4', 'use --download-limit RATE, such as 400K; it is for all torrents together'],
    ['--uplimit 4', 'use --upload-limit RATE, such as 400K; it is for all torrents together'],
    ['--files x', 'use --select INDEX; unchoke inspect shows the files'],
    ['--torrent-file x', 'write the file without an option before it'],
    ['--dht=false', 'write --no-dht'],
    ['--dht', 'it is on; --no-dht turns it off'],
    ['-p 1', 'use --port N'],
    ['-S', 'use unchoke inspect to see the files'],
    ['-u 4', 'use --upload-limit RATE, such as 400K; it is for all torrents together'],
    ['-s4', 'use --select INDEX to choose files, or --quiet to print less'],
    ['-b x', 'use --blocklist FILE'],
    ['-T x', 'write the file without an option before it'],
    ['-l x', 'use --log FILE'],
    ['-c', 'it is not needed: the same command resumes'],
    ['--ver', 'did you mean --verbose or --version?'],
    ['--outpt x', 'did you mean --output?'],
    ['--sequental', 'did you mean --sequential?'],
    ['--web-seed x', 'it works with create'],
  ];
  for (const [line, answer] of answers) {
    const said = await parsed('get', 'x', ...line.split(' '));
    assert.equal(String(said).replace(/^unchoke: unknown option '[^']+'; /, ''), answer, line);
  }
  const of = async (...line: readonly string[]) => parsed(...line);
  assert.equal(await of('create', 'x', '-c', 'y'), "unchoke: unknown option '-c'; use --comment TEXT");
  assert.equal(
    await of('race', 'x', '-o', 'y'),
    "unchoke: unknown option '-o'; it works with get and create",
  );
  assert.equal(await of('verify', 'x', '-p', '1'), "unchoke: unknown option '-p'");
  assert.equal(await of('get', 'x', '--quiet=no'), 'unchoke: --quiet takes no value; leave it out');
  assert.equal(await of('get', 'x', '--no-dht=1'), 'unchoke: --no-dht takes no value; write it alone');
});

test('an option of another client that means the same works', async () => {
  const of = async (...words: readonly string[]) => (await parsed('get', 'x', ...words)) as GetFlags;
  for (const name of ['-d', '--dir', '-w', '--download-dir', '--out', '--output-dir', '--save-path'])
    assert.equal((await of(name, '/srv')).output, '/srv', name);
  assert.equal((await of('--limit-rate', '2M')).downloadLimit, '2M');
  assert.equal((await of('--max-overall-upload-limit=1M')).uploadLimit, '1M');
  assert.equal((await of('--silent')).quiet, true);
  assert.deepEqual(
    [(await of('--portmap')).nat, (await of('--no-portmap')).nat, (await of()).nat],
    [true, false, undefined],
  );
  assert.equal((await of()).output, '.');
});

test('a word is similar if it begins another or differs by few letters', () => {
  const words = ['--verbose', '--version', '--peer', '--select', '--quiet'];
  assert.deepEqual(similarWords('--ver', words), ['--verbose', '--version']);
  assert.deepEqual(similarWords('--pere', words), ['--peer']);
  assert.deepEqual(similarWords('-p', words), []);
  assert.deepEqual(similarWords('--silent', words), ['--select']);
  assert.deepEqual(similarWords('--unlike', words), []);
});
