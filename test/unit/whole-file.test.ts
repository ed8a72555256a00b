/** Files that are replaced as a whole: nothing else is touched. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readWhole, writeWhole } from '../../src/main/files/whole-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'unchoke-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
function inFolder(): (name: string) => string {
  const own = join(folder, String(made++));
  mkdirSync(own);
  return (name) => join(own, name);
}

test('a new file, and one that is replaced, with nothing left beside it', () => {
  const at = inFolder();
  for (const text of ['a longer text', 'short']) {
    writeWhole(at('x'), text);
    assert.equal(readWhole(at('x'), 100)?.toString(), text);
  }
  assert.deepEqual(readdirSync(at('.')), ['x']);
});

test('a link is replaced and its target is kept, as are links at the places of new files', () => {
  const at = inFolder();
  writeFileSync(at('precious'), 'mine');
  for (const link of ['x', 'x.new', 'x.part']) symlinkSync(at('precious'), at(link));
  writeWhole(at('x'), 'ours');
  assert.equal(readFileSync(at('precious'), 'utf8'), 'mine');
  assert.equal(lstatSync(at('x')).isSymbolicLink(), false);
  assert.equal(lstatSync(at('x.new')).isSymbolicLink(), true);
});

test('a folder and a pipe stay unchanged, and nothing is left after a failure', () => {
  const at = inFolder();
  mkdirSync(at('folder'));
  execFileSync('mkfifo', [at('pipe')]);
  assert.throws(() => writeWhole(at('folder'), 'x'), { code: 'EISDIR' });
  assert.throws(() => writeWhole(at('pipe'), 'x'), { code: 'EINVAL' });
  assert.throws(() => writeWhole(at('no/where'), 'x'), { code: 'ENOENT' });
  assert.deepEqual(readdirSync(at('.')).sort(), ['folder', 'pipe']);
});

test('a link, a pipe or a file that is too large is not read, and nothing blocks', () => {
  const at = inFolder();
  writeFileSync(at('x'), '12345');
  symlinkSync(at('x'), at('link'));
  mkdirSync(at('folder'));
  execFileSync('mkfifo', [at('pipe')]);
  assert.equal(readWhole(at('x'), 5)?.toString(), '12345');
  assert.equal(readWhole(at('x'), 4), null);
  for (const name of ['link', 'folder', 'pipe', 'nothing'])
    assert.equal(readWhole(at(name), 100), null, name);
});
