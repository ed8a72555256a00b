/** Readers open the files of a download below its held folder, and only the files that the download made. */
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, readSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StoredTorrent } from '../../src/main/pools/stored-torrent.ts';
import { DownloadFiles } from '../../src/main/storage/download-files.ts';
import { OutputPlace } from '../../src/main/storage/output-place.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { temporaryFolder } from '../support/cli.ts';
import { dict, int, list, str } from '../support/torrents.ts';

const folder = temporaryFolder();

const file = (length: number, ...path: string[]) =>
  dict({ length: int(length), path: list(...path.map(str)) });
const info = dict({
  files: list(file(10, 'a'), file(20, 'sub', 'deep', 'b'), file(30, 'c')),
  name: str('t'),
  'piece length': int(16_384),
  pieces: str(Buffer.alloc(20)),
});

/** There is nothing to hash. */
const NOTHING_STORED = {
  scan: () => Promise.resolve(),
  blankFiles: () => Promise.resolve(new Set<number>()),
} as unknown as StoredTorrent;

test('a file is opened at its place; one that was replaced, moved away or became a link is not', async () => {
  const metainfo = parseMetainfo(dict({ info }), 'x.torrent');
  const plan = storagePlan(metainfo, folder);
  const place = await OutputPlace.take(plan, { signal: new AbortController().signal, onNews: () => {} });
  const ledger = new Ledger(Ledger.allocate(metainfo.geometry.pieceCount));
  const files = new DownloadFiles(
    place,
    metainfo,
    { key: null, overwrite: false, preallocate: false, reuse: null, ledger },
    { onChecked: () => {}, onReuseLooked: () => {}, onJournalTrouble: () => {}, onRepair: () => {} },
  );
  try {
    await files.prepare(
      NOTHING_STORED,
      () => {},
      () => false,
    );
    const descriptor = files.openToRead(1);
    assert.equal(readSync(descriptor, Buffer.alloc(30), 0, 30, 0), 20, 'sub/deep/b has its full length');
    closeSync(descriptor);
    assert.throws(() => readSync(descriptor, Buffer.alloc(1), 0, 1, 0), { code: 'EBADF' });
    files.assertWritten(1);
    files.learn({ withheld: [{ piece: 0 as PieceIndex, files: [1] }], edges: [] });
    assert.throws(() => files.assertWritten(1), { code: 'disk' });

    const root = join(folder, 't');
    writeFileSync(join(root, 'other'), Buffer.alloc(10));
    renameSync(join(root, 'other'), join(root, 'a'));
    assert.throws(() => files.openToRead(0), /another file took its place/);
    renameSync(join(root, 'c'), join(root, 'away'));
    assert.throws(() => files.openToRead(2), { code: 'disk' });
    symlinkSync(join(root, 'away'), join(root, 'c'));
    assert.throws(() => files.openToRead(2), { code: 'disk' });
    renameSync(join(root, 'sub'), join(root, 'gone'));
    mkdirSync(join(root, 'elsewhere'));
    symlinkSync(join(root, 'gone'), join(root, 'sub'));
    assert.throws(() => files.openToRead(1), { code: 'disk' });
  } finally {
    await files.close();
    place.release();
  }
});
