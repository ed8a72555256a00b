/** How a storage thread writes the files of a download: only below their folder, only the judged file, only where it may. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TorrentId } from '../../src/shared/indices.ts';
import { Lease, systemMoment } from '../../src/shared/lease.ts';
import { STANDING, type Standing } from '../../src/shared/standing.ts';
import { DiskError, FileSpans } from '../../src/workers/storage/file-spans.ts';
import { systemDisk } from '../../src/workers/storage/system-disk.ts';
import { ThreadFiles } from '../../src/workers/storage/thread-files.ts';
import { temporaryFolder } from '../support/cli.ts';
import { intrude, placedFiles } from '../support/placed-files.ts';

const folder = temporaryFolder();

function place(name: string, held: boolean, standings?: readonly Standing[]) {
  const placed = placedFiles(join(folder, `${name} ${held}`), held, standings);
  const { files, setup } = placed;
  const spans = (): FileSpans => new FileSpans(1 as TorrentId, setup, new ThreadFiles(systemDisk, 2));
  const content = () => files.map(({ path }) => readFileSync(path, 'latin1'));
  return { ...placed, spans, content };
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
    const look = (file: number, from: number, to: number, digest: string | null = null) =>
      spans.look({ file, from, to, digest });
    assert.deepEqual(
      [look(0, 0, 5), look(0, 0, 6), look(1, 0, 1), look(2, 5, 12)],
      ['blank', 'other', 'other', 'blank'],
    );
    const five = hash('sha256', 'xxxxx', 'base64');
    assert.deepEqual(
      [look(0, 5, 10, five), look(0, 4, 9, five), look(2, 5, 10, five), look(2, 5, 12, five)],
      ['right', 'other', 'blank', 'blank'],
    );
    assert.deepEqual(spans.edges(0, Buffer.alloc(30)), [], 'all of it is in files');
    assert.deepEqual(
      spans.edges(25, Buffer.from('xxxxxyyy')),
      [{ from: 25, length: 5, digest: five }],
      'the rest is in no file',
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

  for (const [name, code] of [
    ['a link', 'ELOOP'],
    ['another file', 'REPLACED'],
    ['a pipe', 'ENXIO'],
    ['a folder', 'EISDIR'],
  ] as const)
    test(`${how}: ${name} in the place of the file is not written to`, () => {
      const at = place(name, held);
      const victim = intrude(at, name);
      assert.equal(
        codeOf(() => at.spans().write(0, Buffer.alloc(10, 1))),
        code,
      );
      assert.equal(readFileSync(victim, 'utf8'), 'important!');
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

test('once the lease of a job is over, no byte is written and no time of a file changes; reading goes on', () => {
  const { setup, files } = placedFiles(join(folder, 'leased'), true);
  const lease = new Lease(Lease.allocate());
  const spans = new FileSpans(
    1 as TorrentId,
    { ...setup, lease: lease.memory },
    new ThreadFiles(systemDisk, 2),
  );
  lease.extend(systemMoment(), 60_000);
  spans.write(5, Buffer.from('x'.repeat(20)));
  const looks = (): string[] =>
    files.map(({ path }) => {
      const { mtimeNs, ctimeNs } = statSync(path, { bigint: true });
      return `${readFileSync(path, 'latin1')} ${mtimeNs} ${ctimeNs}`;
    });
  const before = looks();
  lease.end();
  assert.equal(
    codeOf(() => spans.write(5, Buffer.from('y'.repeat(20)))),
    'LEASE',
  );
  assert.deepEqual(looks(), before);
  assert.equal(lease.refused, 1);
  assert.equal(spans.read(5, Buffer.alloc(20)), true);
  spans.close();
});
