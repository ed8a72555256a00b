/** Where our folders are, by platform. */
import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { type FolderKind, folderAt, userFolder } from '../../src/main/files/user-folders.ts';

const KINDS: readonly FolderKind[] = ['config', 'state', 'cache'];

function at(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv, home = '/home/me'): string[] {
  return KINDS.map((kind) => folderAt(kind, { platform, environment, home: () => home }));
}

test('Linux and other Unix systems follow XDG', () => {
  const expected = ['/home/me/.config/unchoke', '/home/me/.local/state/unchoke', '/home/me/.cache/unchoke'];
  assert.deepEqual(at('linux', {}), expected);
  assert.deepEqual(at('freebsd', { APPDATA: '/elsewhere' }), expected);
});

test('macOS uses the Library', () => {
  assert.deepEqual(at('darwin', {}, '/Users/me'), [
    '/Users/me/Library/Preferences/unchoke',
    '/Users/me/Library/Application Support/unchoke',
    '/Users/me/Library/Caches/unchoke',
  ]);
});

test('Windows uses the roaming folder for the config, and the local one for the rest', () => {
  const variables = { APPDATA: 'C:\\Roaming', LOCALAPPDATA: 'D:\\Local' };
  assert.deepEqual(at('win32', variables, 'C:\\me'), [
    'C:\\Roaming\\unchoke',
    'D:\\Local\\unchoke\\State',
    'D:\\Local\\unchoke\\Cache',
  ]);
  assert.deepEqual(at('win32', { APPDATA: '' }, 'C:\\me'), [
    'C:\\me\\AppData\\Roaming\\unchoke',
    'C:\\me\\AppData\\Local\\unchoke\\State',
    'C:\\me\\AppData\\Local\\unchoke\\Cache',
  ]);
});

test('XDG variables win on every platform, but not empty or relative ones', () => {
  const set = { XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s', XDG_CACHE_HOME: '/k' };
  for (const platform of ['linux', 'darwin'] as const)
    assert.deepEqual(at(platform, set), ['/c/unchoke', '/s/unchoke', '/k/unchoke']);
  const onWindows = { XDG_CONFIG_HOME: 'E:\\c', XDG_STATE_HOME: 'E:\\s', XDG_CACHE_HOME: 'E:\\k' };
  assert.deepEqual(at('win32', onWindows), ['E:\\c\\unchoke', 'E:\\s\\unchoke', 'E:\\k\\unchoke']);
  const useless = { XDG_CONFIG_HOME: '', XDG_STATE_HOME: 'state', XDG_CACHE_HOME: './cache' };
  assert.deepEqual(at('linux', useless), at('linux', {}));
});

test('a user without a home may have the variables', () => {
  const home = (): string => {
    throw new Error('no home');
  };
  const environment = { XDG_STATE_HOME: '/s' };
  assert.equal(folderAt('state', { platform: 'linux', environment, home }), '/s/unchoke');
});

test('this machine: its platform, its home, the given variables', () => {
  const place = { platform: process.platform, environment: {}, home: homedir };
  for (const kind of KINDS) assert.equal(userFolder(kind, {}), folderAt(kind, place));
});
