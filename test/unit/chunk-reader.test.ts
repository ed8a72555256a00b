/** How a shard reads files to send them: only the right file, and never by a call that blocks the thread. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FileSystem, SYSTEM_FILES } from '../../src/shared/file-system.ts';
import type { StoredFiles } from '../../src/shared/stored-files.ts';
import { ChunkReader, ReadFault } from '../../src/workers/uploads/chunk-reader.ts';
import { OpenFiles } from '../../src/workers/uploads/open-files.ts';
import { temporaryFolder } from '../support/cli.ts';
import { intrude, type PlacedFiles, placedFiles } from '../support/placed-files.ts';

const folder = temporaryFolder();

const blocks = (): never => assert.fail('this call blocks the thread');
/** Closing a file that was only read waits for no disk. */
const SLOW_ONLY: FileSystem = {
  ...SYSTEM_FILES,
  open: blocks,
  fstat: blocks,
  stat: blocks,
  lstat: blocks,
  realpath: blocks,
  read: blocks,
};

class Reading {
  readonly open: OpenFiles;
  readonly reader: ChunkReader;

  constructor(setup: StoredFiles, files: FileSystem = SLOW_ONLY) {
    this.open = new OpenFiles(files, 2);
    this.reader = new ChunkReader(setup, files, this.open);
  }

  async text(offset: number, length: number): Promise<string> {
    const bytes = Buffer.alloc(length);
    await this.reader.read(offset, length, [bytes]);
    return bytes.toString('latin1');
  }

  /** The code of the fault. */
  async fault(): Promise<string> {
    const error = await this.text(0, 10).catch((reason: unknown) => reason);
    assert.ok(error instanceof ReadFault, String(error));
    return error.code;
  }
}

const place = (name: string, held: boolean): PlacedFiles =>
  placedFiles(join(folder, `${name} ${held}`), held);
const descriptors = (): number => readdirSync('/proc/self/fd').length;

for (const held of [true, false]) {
  const how = held ? 'held by descriptor' : 'looked at';

  test(`${how}: bytes of several files are read, and the files are closed`, async () => {
    const { files, setup } = place('plain', held);
    for (const [i, { path }] of files.entries()) writeFileSync(path, String(i).repeat(10));
    const before = descriptors();
    const reading = new Reading(setup);
    assert.equal(await reading.text(5, 20), '00000111111111122222');
    reading.reader.close();
    assert.deepEqual([reading.open.count, descriptors()], [0, before]);
  });

  test(`${how}: a folder that became a link is not read through`, async () => {
    const { base, setup } = place('swapped', held);
    mkdirSync(join(base, 'outside'));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(base, 'outside', name), 'important!');
    renameSync(join(base, 'set'), join(base, 'set.old'));
    symlinkSync(join(base, 'outside'), join(base, 'set'));
    assert.equal(await new Reading(setup).fault(), 'ENOTDIR');
  });

  for (const [name, code] of [
    ['a link', 'ELOOP'],
    ['another file', 'REPLACED'],
    ['a pipe', 'EINVAL'],
    ['a folder', 'EINVAL'],
  ] as const)
    test(`${how}: ${name} in the place of the file is not read`, async () => {
      const at = place(name, held);
      intrude(at, name);
      const before = descriptors();
      assert.deepEqual([await new Reading(at.setup).fault(), descriptors()], [code, before]);
    });
}

test('a file that has changed since it was checked is not given', async () => {
  const { files, setup } = place('changed', true);
  const looks = files.map(({ path }) => {
    const { size, mtimeNs } = statSync(path, { bigint: true });
    return { size: Number(size), modified: String(mtimeNs) };
  });
  const reading = new Reading({ ...setup, looks });
  assert.equal(await reading.text(0, 10), '\0'.repeat(10));
  writeFileSync(files[0]?.path ?? '', 'something else');
  assert.equal(await reading.fault(), 'CHANGED');
});

test('a file that gets its final name while it is being opened is read under that name', async () => {
  const { base, files, setup } = place('renamed', true);
  const final = files.map((file) => ({ ...file, path: `${file.path}.final` }));
  let isRenamed = false;
  const system: FileSystem = {
    ...SLOW_ONLY,
    slow: {
      ...SYSTEM_FILES.slow,
      open: (path, flags) => {
        if (!isRenamed) {
          isRenamed = true;
          for (const name of ['a', 'b', 'c'])
            renameSync(join(base, 'set', name), join(base, 'set', `${name}.final`));
          reading.reader.rename(final);
        }
        return SYSTEM_FILES.slow.open(path, flags);
      },
    },
  };
  const reading = new Reading(setup, system);
  assert.equal(await reading.text(0, 10), '\0'.repeat(10));
});
