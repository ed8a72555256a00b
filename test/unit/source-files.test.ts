/** Which files `create` shares, and where it writes the torrent. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import { assertUnchanged, sourceOf } from '../../src/main/torrent/source-files.ts';
import { writeTorrent } from '../../src/main/torrent/torrent-output.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
const failsWith = (message: RegExp) => (error: unknown) =>
  error instanceof Failure && message.test(error.message);

test('a file that is changed, replaced or removed during reading is an error that names it', () => {
  const root = join(folder, 'changing');
  mkdirSync(root);
  const one = join(root, 'one');
  const change: Record<string, () => void> = {
    appended: () => appendFileSync(one, 'x'),
    replaced: () => {
      writeFileSync(`${root}/new`, 'xxx');
      renameSync(`${root}/new`, one);
    },
    removed: () => renameSync(one, join(folder, 'away')),
  };
  for (const [what, happen] of Object.entries(change)) {
    writeFileSync(one, 'xxx');
    const source = sourceOf(root, 'out.torrent');
    assertUnchanged(source);
    happen();
    assert.throws(() => assertUnchanged(source), failsWith(/one: it changed while unchoke read it/), what);
  }
});

test('leftovers of a killed create and the padding of BitComet are left out, and named', () => {
  const root = join(folder, 'leftovers');
  mkdirSync(root);
  for (const name of ['a', `.unchoke-${'0'.repeat(16)}.new`, '_____padding_file_0_if you see'])
    writeFileSync(join(root, name), 'x');
  const { files, leftOut } = sourceOf(root, 'out.torrent');
  assert.deepEqual(
    files.map(({ elements }) => elements),
    [['a']],
  );
  assert.deepEqual(leftOut.map(({ reason }) => reason).toSorted(), [
    'a file of an unfinished download',
    'padding of another torrent',
  ]);
});

test('a torrent is written as a whole or not at all', () => {
  const root = join(folder, 'output');
  mkdirSync(root);
  const output = join(root, `${'n'.repeat(247)}.torrent`);
  writeTorrent(output, Buffer.from('one'));
  writeTorrent(output, Buffer.from('two'));
  assert.equal(readFileSync(output, 'utf8'), 'two');
  mkdirSync(join(root, 'in the way'));
  assert.throws(() => writeTorrent(join(root, 'in the way'), Buffer.from('x')), failsWith(/in the way/));
  assert.deepEqual(readdirSync(root).length, 2, 'nothing is left beside it');
});
