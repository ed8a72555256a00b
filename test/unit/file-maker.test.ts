/** Files whose space is reserved before the first piece comes, on the real disk. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileMaker } from '../../src/main/storage/file-maker.ts';
import { OutputPlace } from '../../src/main/storage/output-place.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { STAT_BLOCK_BYTES } from '../../src/shared/file-system.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { STANDING, Standings } from '../../src/shared/standing.ts';
import { temporaryFolder } from '../support/cli.ts';
import { dict, int, str } from '../support/torrents.ts';

const folder = temporaryFolder();
const BYTES = 3 * 2 ** 20;

/** A download of one file, and how much of it is reserved. */
async function download(name: string) {
  const pieces = str(Buffer.alloc(3 * 20));
  const info = dict({ length: int(BYTES), name: str(name), 'piece length': int(2 ** 20), pieces });
  const metainfo = parseMetainfo(dict({ info }), 'x');
  const plan = storagePlan(metainfo, folder);
  const place = await OutputPlace.take(plan, { signal: new AbortController().signal, onNews: () => {} });
  const maker = new FileMaker(place, Standings.of(1));
  const path = join(folder, name);
  const { geometry } = metainfo;
  return { place, maker, geometry, path, reserved: () => statSync(path).blocks * STAT_BLOCK_BYTES };
}

const MADE = [{ action: 'make', standing: STANDING.ours, needsBytes: true }] as const;

test('space that a run could reserve in part only is reserved whole by the next one', async () => {
  const { place, maker, geometry, reserved } = await download('halves');
  maker.make(MADE);
  let parts = 0;
  await maker.allocate([], geometry, () => {
    parts += 1;
    return parts > 1;
  });
  assert.ok(reserved() > 0 && reserved() < BYTES, `${reserved()} bytes`);
  await maker.allocate([], geometry, () => false);
  assert.ok(reserved() >= BYTES, `${reserved()} bytes`);
  place.release();
});

test('a file with good pieces keeps its bytes', async () => {
  const { place, maker, geometry, path } = await download('good');
  maker.make(MADE);
  const bytes = Buffer.alloc(BYTES);
  bytes.fill(7, 0, 2 ** 20);
  writeFileSync(path, bytes.subarray(0, 2 ** 20), { flag: 'r+' });
  await maker.allocate([1 as PieceIndex], geometry, () => false);
  assert.ok(readFileSync(path).equals(bytes));
  place.release();
});
