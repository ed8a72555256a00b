/** How a storage thread writes the files of a download: only below their folder, only the judged file, only where it may. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Folder } from '../../src/shared/folder.ts';
import type { TorrentId } from '../../src/shared/indices.ts';
import { STANDING, type Standing, Standings } from '../../src/shared/standing.ts';
import { DiskError, FileSpans } from '../../src/workers/storage/file-spans.ts';
import { systemDisk } from '../../src/workers/storage/system-disk.ts';
import { ThreadFiles } from '../../src/workers/storage/thread-files.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();

/** Three files of ten bytes of zeros in a folder `set`. `held`: by descriptor, as on Linux, or by checks, as elsewhere. */
function place(name: string, held: boolean, standings: readonly Standing[] = [0, 0, 0]) {
  const base = join(folder, `${name} ${held}`);
  mkdirSync(join(base, 'set'), { recursive: true });
  const files = ['a', 'b', 'c'].map((file, i) => ({
    path: join(base, 'set', file),
    offset: i * 10,
    length: 10,
  }));
  const shared = Standings.of(3);
  for (const [i, { path }] of files.entries()) {
    writeFileSync(path, Buffer.alloc(10));
    const { ino, birthtimeNs } = lstatSync(path, { bigint: true });
    shared.identify(i, ino, birthtimeNs);
    shared.set(i, standings[i] ?? STANDING.ours);
  }
  const root = Folder.open(base);
  const spans = (): FileSpans =>
    new FileSpans(
      1 as TorrentId,
      {
        files,
        padding: [],
        place: {
          root: { path: base, descriptor: held ? root.descriptor : null },
          base,
          standings: shared.memory,
        },
      },
      new ThreadFiles(systemDisk, 2),
    );
  const content = () => files.map(({ path }) => readFileSync(path, 'latin1'));
  return { base, files, spans, content };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    assert.ok(error instanceof DiskError);
    return error.fault.code;
  }
};

for (const held of [true, false]) {
  const how = held ? 'held by descriptor' : 'looked at';

  test(`${how}: bytes over several files are written and read back`, () => {
    const at = place('plain', held);
    const spans = at.spans();
    assert.deepEqual(spans.write(5, Buffer.from('x'.repeat(20))), []);
    assert.deepEqual(at.content(), ['\0\0\0\0\0xxxxx', 'xxxxxxxxxx', 'xxxxx\0\0\0\0\0']);
    const back = Buffer.alloc(20);
    assert.equal(spans.read(5, back), true);
    assert.equal(back.toString(), 'x'.repeat(20));
    assert.deepEqual(
      [spans.isBlank(0, 0, 5), spans.isBlank(0, 0, 6), spans.isBlank(1, 0, 1), spans.isBlank(2, 5, 10)],
      [true, false, false, true],
    );
  });

  test(`${how}: a folder that became a link is not written through`, () => {
    const at = place('swapped', held);
    const outside = join(at.base, 'outside');
    mkdirSync(outside);
    for (const name of ['a', 'b', 'c']) writeFileSync(join(outside, name), 'important!');
    renameSync(join(at.base, 'set'), join(at.base, 'set.old'));
    symlinkSync(outside, join(at.base, 'set'));
    assert.equal(
      codeOf(() => at.spans().write(0, Buffer.alloc(30, 1))),
      'ENOTDIR',
    );
    assert.equal(
      codeOf(() => at.spans().read(0, Buffer.alloc(30))),
      'ENOTDIR',
    );
    assert.equal(readFileSync(join(outside, 'a'), 'utf8'), 'important!');
  });

  for (const [name, code, lay] of [
    ['a link', 'ELOOP', (path: string, victim: string) => symlinkSync(victim, path)],
    ['another file', 'REPLACED', (path: string, victim: string) => renameSync(victim, path)],
    ['a pipe', 'ENXIO', (path: string) => spawnSync('bash', ['-c', 'mkfifo "$0"', path])],
    ['a folder', 'EISDIR', (path: string) => mkdirSync(path)],
  ] as const)
    test(`${how}: ${name} in the place of the file is not written to`, () => {
      const at = place(name, held);
      const victim = join(at.base, 'victim');
      // The clock of the system has ticked since the files of the download were made.
      const born = lstatSync(join(at.base, 'set', 'c'), { bigint: true }).birthtimeNs;
      do {
        rmSync(victim, { force: true });
        writeFileSync(victim, 'important!');
      } while (lstatSync(victim, { bigint: true }).birthtimeNs === born);
      rmSync(join(at.base, 'set', 'a'));
      lay(join(at.base, 'set', 'a'), victim);
      assert.equal(
        codeOf(() => at.spans().write(0, Buffer.alloc(10, 1))),
        code,
      );
      const kept = name === 'another file' ? join(at.base, 'set', 'a') : victim;
      assert.equal(readFileSync(kept, 'utf8'), 'important!');
    });

  test(`${how}: a guarded file keeps its bytes and reports differences; a file that existed keeps its times`, () => {
    const at = place('guarded', held, [STANDING.guarded, STANDING.guarded, STANDING.there]);
    writeFileSync(at.files[0]?.path ?? '', 'right one!');
    writeFileSync(at.files[1]?.path ?? '', 'my diary..');
    writeFileSync(at.files[2]?.path ?? '', 'all right!');
    utimesSync(at.files[2]?.path ?? '', 1, 1);
    assert.deepEqual(at.spans().write(0, Buffer.from('right one!the torrentall right!')), [1]);
    assert.deepEqual(at.content(), ['right one!', 'my diary..', 'tall right']);
    utimesSync(at.files[2]?.path ?? '', 1, 1);
    assert.deepEqual(at.spans().write(0, Buffer.from('right one!my diary..tall right')), []);
    assert.equal(statSync(at.files[2]?.path ?? '').mtimeMs, 1_000);
  });
}
