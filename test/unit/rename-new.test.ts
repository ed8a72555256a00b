/** A file gets another name, and what has this name already is kept: also on file systems without hard links. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renameNew } from '../../src/main/files/rename-new.ts';
import { type FileSystem, SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
let links = 0;
const withoutLinks: FileSystem = {
  ...SYSTEM_FILES,
  link: () => {
    links += 1;
    throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
  },
};

for (const [name, files] of [
  ['links', SYSTEM_FILES],
  ['no links', withoutLinks],
] as const)
  test(`with a file system that has ${name}`, () => {
    const [from, to] = [join(folder, `${name} from`), join(folder, `${name} to`)];
    writeFileSync(from, 'ours');
    renameNew(files, from, to);
    assert.deepEqual([existsSync(from), readFileSync(to, 'utf8')], [false, 'ours']);
    writeFileSync(from, 'another');
    assert.throws(() => renameNew(files, from, to), { code: 'EEXIST' });
    assert.deepEqual([readFileSync(from, 'utf8'), readFileSync(to, 'utf8')], ['another', 'ours']);
    assert.throws(() => renameNew(files, join(folder, 'nothing'), join(folder, 'free')), { code: 'ENOENT' });
  });

test('the file system without links was asked for them', () => assert.ok(links >= 3));
