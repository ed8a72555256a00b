/** What the first words of the command line mean. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withCommand } from '../../src/main/cli/command-word.ts';
import { usageError } from '../../src/main/cli/output/usage-error.ts';

test('a source alone means get', () => {
  for (const source of [
    ...[
      'x.torrent',
      './x',
      '/tmp/x',
      'C:\\x',
      'magnet:?xt=urn:btih:00',
      'https://example.org/x',
      '@list',
      '-',
      '~/x',
    ],
    ...['a'.repeat(40), 'A2'.repeat(16), 'test'],
  ])
    assert.deepEqual(withCommand([source, '-o', 'dir']), ['get', source, '-o', 'dir'], source);
  assert.deepEqual(withCommand(['-o', 'dir', 'x.torrent']), ['get', '-o', 'dir', 'x.torrent']);
});

test('commands, their names in other clients, and the options of the program', () => {
  for (const words of [['get', 'x'], ['race', 'x'], ['help', 'get'], ['--version'], ['-h'], []])
    assert.deepEqual(withCommand(words), words);
  assert.deepEqual(withCommand(['download', 'x']), ['get', 'x']);
  assert.deepEqual(withCommand(['info', 'x']), ['inspect', 'x']);
  assert.deepEqual(withCommand(['dowload', 'x']), ['dowload', 'x'], 'an error, with a guess');
});

test('options and commands of other clients get an answer, and all errors have one style', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      "error: unknown option '--bt-tracker'\n(Did you mean --no-trackers?)\n",
      "unchoke: unknown option '--bt-tracker'; use --tracker URL",
    ],
    [
      "error: unknown option '--max-download-limit=1M'\n",
      "unchoke: unknown option '--max-download-limit'; write --download-limit, which is for all torrents together",
    ],
    [
      "error: unknown command 'seed'\n",
      "unchoke: unknown command 'seed'; use unchoke share PATH, or unchoke get --seed",
    ],
    [
      "error: unknown option '--outpt'\n(Did you mean --output?)\n",
      "unchoke: unknown option '--outpt'; did you mean --output?",
    ],
    [
      "error: option '-o, --output <dir>' argument missing\n",
      "unchoke: option '-o, --output <dir>' argument missing",
    ],
  ];
  for (const [given, shown] of cases) assert.equal(usageError(given), shown);
});
