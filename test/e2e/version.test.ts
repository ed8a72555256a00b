/** `unchoke --version`: the plain number first, then what a report of a bug needs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { versionText } from '../../src/main/cli/version.ts';
import { VERSION } from '../../src/main/network/identity.ts';
import { CLI, ROOT } from '../support/paths.ts';

const NODE = `Node ${process.version}, ${process.platform} ${process.arch}`;

test('--version and -V give version, commit, Node and system in one line', () => {
  // The package may be tested without git; the build leaves the commit out then.
  const git = spawnSync('git', ['rev-parse', '--short=7', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  for (const option of ['--version', '-V']) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [CLI, option], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(stdout.split(' ')[0], VERSION);
    assert.ok(stdout.endsWith(`${NODE})\n`), stdout);
    assert.match(stdout, git.status === 0 ? /\(commit [\da-f]{7,}(?:-changed)?, Node/ : /^[\d.]+ \(Node/);
    assert.equal(stdout.trimEnd().split('\n').length, 1);
  }
});

test('without a commit there is no word about one', () => {
  assert.equal(versionText(''), `${VERSION} (${NODE})`);
  assert.equal(versionText('abc1234'), `${VERSION} (commit abc1234, ${NODE})`);
});
