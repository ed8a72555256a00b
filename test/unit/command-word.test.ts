/** What the first words of the command line mean. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withCommand } from '../../src/main/cli/command-word.ts';

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
    ...['a'.repeat(40), 'A2'.repeat(16), 'src'],
  ])
    assert.deepEqual(withCommand([source, '-o', 'dir']), ['get', source, '-o', 'dir'], source);
  assert.deepEqual(withCommand(['-o', 'dir', 'x.torrent']), ['get', '-o', 'dir', 'x.torrent']);
});

test('commands, their names in other clients, and the options of the program', () => {
  for (const words of [['get', 'x'], ['race', 'x'], ['help', 'get'], ['--version'], ['-h'], []])
    assert.deepEqual(withCommand(words), words);
  assert.deepEqual(withCommand(['download', 'x']), ['get', 'x']);
  assert.deepEqual(withCommand(['info', 'x']), ['inspect', 'x']);
  for (const [command, ...words] of [
    ['get', 'dl', 'fetch', 'leech', 'add'],
    ['share', 'seed', 'serve', 'upload'],
    ['inspect', 'list', 'ls', 'show'],
    ['verify', 'check', 'validate', 'recheck', 'test'],
    ['create', 'make', 'new'],
    ['doctor', 'why'],
    ['config', 'settings'],
    ['--version', 'version'],
  ])
    for (const word of words) assert.deepEqual(withCommand([word, 'x']), [command, 'x'], word);
  assert.deepEqual(withCommand(['test']), ['get', 'test'], 'a folder with this name is here');
  assert.deepEqual(withCommand(['dowload', 'x']), ['dowload', 'x'], 'an error, with a guess');
});
