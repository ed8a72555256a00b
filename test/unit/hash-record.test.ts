/** What the next run knows of the hashes of a plain file, and of which pieces this node fetched from the source itself. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { HashRecord } from '../../src/main/storage/hash-record.ts';
import { LearnedHashes } from '../../src/main/torrent/learned-hashes.ts';
import type { Metainfo } from '../../src/main/torrent/metainfo.ts';
import { SYSTEM_FILES } from '../../src/shared/file-system.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { temporaryFolder } from '../support/cli.ts';

process.env['XDG_STATE_HOME'] = join(temporaryFolder(), 'state');
const HASH = Buffer.alloc(20, 7);

/** A run with what earlier runs have left. */
function run(name: number) {
  const hashes = new LearnedHashes(4, true);
  const metainfo = { infoHash: Buffer.alloc(20, name), plainFile: { hashes } } as unknown as Metainfo;
  const record = HashRecord.of(metainfo, SYSTEM_FILES);
  assert.ok(record !== null);
  const own = [0, 1, 2, 3].map((piece) => hashes.isOwn(piece as PieceIndex));
  const known = [0, 1, 2, 3].map((piece) => hashes.isKnown(piece as PieceIndex));
  return { hashes, record, own, known };
}

function first(name: number) {
  const started = run(name);
  started.hashes.make(0 as PieceIndex, HASH);
  started.hashes.learn(1 as PieceIndex, HASH, { id: 'aa', name: 'a' });
  return started.record;
}

test('the next run knows which hashes are its own, and which are the word of others', async () => {
  await first(1).close('all');
  const { own, known, hashes, record } = run(1);
  assert.deepEqual(
    [own, known],
    [
      [true, false, false, false],
      [true, true, false, false],
    ],
  );
  assert.deepEqual(hashes.sayerOf(1 as PieceIndex)?.name, 'an earlier run');
  await record.close('all');
});

test('after a file that was wrong as a whole, it knows only its own; or nothing, if those were wrong', async () => {
  await first(2).close('own');
  assert.deepEqual(run(2).known, [true, false, false, false]);
  await first(3).close('all');
  await first(3).close('nothing');
  assert.deepEqual(run(3).known, [false, false, false, false]);
});

test('a run that is killed in the middle of a repair leaves only its own', async () => {
  const record = first(4);
  await record.save();
  await record.saveOwn();
  assert.deepEqual(run(4).known, [true, false, false, false]);
});
