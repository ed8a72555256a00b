/** Data that is shared, checked by real threads: what is kept for the next start. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StoragePool } from '../../src/main/pools/storage-pool.ts';
import { systemStorage } from '../../src/main/pools/storage-thread.ts';
import { SeedRecords } from '../../src/main/storage/seed-record.ts';
import { SharedData } from '../../src/main/storage/shared-data.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { torrentId } from '../support/stored-torrents.ts';
import { madeTorrent } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 262_144;
const PIECES = 256;

test('a check that is cut off is not kept: the next start hashes all', async (t) => {
  const bytes = randomBytes(PIECES * PIECE);
  mkdirSync(join(folder, 'set'));
  writeFileSync(join(folder, 'set', 'a'), bytes);
  const metainfo = parseMetainfo(madeTorrent([{ path: 'a', bytes }], PIECE).torrent, 'a test');
  const records = new SeedRecords(join(folder, 'records'));
  const pool = new StoragePool({ threads: 1, openFiles: 4 }, systemStorage);
  t.after(() => pool.close());
  const shared = () => new SharedData(metainfo, storagePlan(metainfo, folder), records);

  for (const after of [0, 1]) {
    const cut = new AbortController();
    const data = shared();
    const found = await data.check(pool, torrentId(1), cut.signal, (pieces) => {
      if (pieces >= after) cut.abort();
    });
    assert.ok(found.hashed < PIECES, 'the fault fired');
    data.gave(0);
    const next = await shared().check(pool, torrentId(2), new AbortController().signal, () => {});
    assert.deepEqual(next, { good: PIECES, hashed: PIECES });
    records.write(metainfo, folder, { stamps: [null], good: new Uint8Array(PIECES), uploaded: 0 });
  }
});
