/** A plain file is right as a whole before it gets its final name. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StoredTorrent } from '../../src/main/pools/stored-torrent.ts';
import { DownloadFiles } from '../../src/main/storage/download-files.ts';
import { sha256Of } from '../../src/main/storage/file-proof.ts';
import { OutputPlace } from '../../src/main/storage/output-place.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { LearnedHashes } from '../../src/main/torrent/learned-hashes.ts';
import { type Metainfo, parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { SYSTEM_FILES } from '../../src/shared/file-system.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { temporaryFolder } from '../support/cli.ts';
import { dict, int, str } from '../support/torrents.ts';

const folder = temporaryFolder();
process.env['XDG_STATE_HOME'] = join(folder, 'state');
const BYTES = Buffer.alloc(3 * 2 ** 20 + 5, 7);
const RIGHT = createHash('sha256').update(BYTES).digest('hex');
const WRONG = '0'.repeat(64);

test('the hash of a whole file, or none when it is no longer asked for', async () => {
  const path = join(folder, 'plain');
  writeFileSync(path, BYTES);
  const descriptor = openSync(path, 'r');
  let parts = 0;
  const isOver = (): boolean => {
    parts += 1;
    return parts >= 2;
  };
  assert.equal(await sha256Of(SYSTEM_FILES, descriptor, () => false), RIGHT);
  assert.equal(await sha256Of(SYSTEM_FILES, descriptor, isOver), null);
  closeSync(descriptor);
});

/** The files of a download of `NAME`, which has all its pieces and is called `NAME.part`. */
async function whole(name: string, sha256: string) {
  const pieces = str(Buffer.alloc(4 * 20));
  const info = dict({ length: int(BYTES.length), name: str(name), 'piece length': int(2 ** 20), pieces });
  const hashes = new LearnedHashes(4, true);
  for (let at = 0; at < 4; at++)
    hashes.make(
      at as PieceIndex,
      createHash('sha1')
        .update(BYTES.subarray(at * 2 ** 20, (at + 1) * 2 ** 20))
        .digest(),
    );
  const plainFile = { hashes, sha256, stamp: { modified: null, etag: null } };
  const metainfo: Metainfo = { ...parseMetainfo(dict({ info }), 'x'), plainFile };
  const plan = storagePlan(metainfo, folder, null, undefined, true);
  const place = await OutputPlace.take(plan, { signal: new AbortController().signal, onNews: () => {} });
  const options = { key: null, overwrite: true, preallocate: false, reuse: null };
  const files = new DownloadFiles(
    place,
    metainfo,
    { ...options, ledger: new Ledger(Ledger.allocate(4)) },
    { onChecked: () => {}, onReuseLooked: () => {}, onJournalTrouble: () => {}, onRepair: () => {} },
  );
  const nothing = { scan: async () => {}, blankFiles: async () => new Set() } as unknown as StoredTorrent;
  await files.prepare(
    nothing,
    (_: PieceIndex) => {},
    () => false,
  );
  writeFileSync(join(folder, `${name}.part`), BYTES);
  const told: string[] = [];
  let isOver = false;
  const finished = (): void =>
    files.finish(
      () => isOver,
      () => told.push('done'),
      (error) => told.push(String(error)),
    );
  const hash = Buffer.from(metainfo.infoHash).toString('hex');
  return {
    told,
    finished,
    isNamed: () => existsSync(join(folder, name)),
    keepsHashes: () => existsSync(join(folder, 'state', 'unchoke', 'hashes', `${hash}.sha1`)),
    end: async (): Promise<void> => {
      isOver = true;
      await files.close();
      place.release();
    },
  };
}

test('a run that ends during the check gives no final name and is not done', async () => {
  const { told, finished, isNamed, keepsHashes, end } = await whole('early', RIGHT);
  finished();
  await end();
  assert.deepEqual([told, isNamed(), keepsHashes()], [[], false, true]);
});

test('a wrong file of which every piece came from the source keeps its name `.part`, and none of its hashes are kept', async () => {
  const { told, finished, isNamed, keepsHashes, end } = await whole('wrong', WRONG);
  finished();
  while (told.length === 0) await new Promise(setImmediate);
  assert.match(
    told[0] ?? '',
    /its SHA-256 is .*; every piece came from the source itself, so the URL has another file$/,
  );
  await end();
  assert.deepEqual([isNamed(), keepsHashes()], [false, false]);
});
