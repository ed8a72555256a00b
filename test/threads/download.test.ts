/** Real threads and real sockets: a download over several shards and storage threads, and threads that die during it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { type Run, startDownload } from '../support/started-download.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();

async function download(name: string, run: Run) {
  const started = await startDownload(folder, name, run);
  const { metainfo, plan, lost, failures, race, hoped, download: done } = started;
  try {
    await started.ended;
  } finally {
    await started.stop();
  }
  const bytes = readFileSync(plan.root);
  for (let piece = 0; piece < metainfo.geometry.pieceCount; piece++) {
    const hash = createHash('sha1')
      .update(bytes.subarray(piece * 262_144, (piece + 1) * 262_144))
      .digest();
    assert.equal(hash.compare(metainfo.pieceHashes, piece * 20, piece * 20 + 20), 0, `piece ${piece}`);
  }
  return { download: done, race, lost: lost(), failures: failures(), hoped };
}

test('three shards and two hashers share one download', async () => {
  const { race, failures } = await download('shared', {
    shards: 3,
    hashers: 2,
    memoryBytes: 8 * 2 ** 20,
    // Without a limit one shard may have it all before the threads of the others run.
    rate: 2 * 2 ** 20,
  });
  assert.equal(failures, 0);
  const busy = race.shardStats.filter((stats) => (stats?.blockBytes ?? 0) > 0);
  assert.ok(busy.length >= 2, 'more than one shard had a part');
});

test('web seeds count as hope while the files are made, before they are asked', async () => {
  const run = { shards: 1, hashers: 1, memoryBytes: 8 * 2 ** 20, rate: 0 };
  const { hoped, download: done } = await download('hoped', { ...run, webSeeds: ['http://127.0.0.1:1/'] });
  assert.deepEqual([hoped, done.complete, done.webSeeds?.bytes], [true, true, 0]);
});

test('two slots of memory are enough', async () => {
  const { download: done } = await download('tiny', {
    shards: 2,
    hashers: 1,
    memoryBytes: 2 * 262_144,
    rate: 0,
  });
  assert.equal(done.complete, true);
});

for (const [name, file] of [
  ['a shard whose thread dies', 'crashing-shard.js'],
  ['a bug behind the guard of a callback, which ends the whole thread', 'guarded-crash-shard.js'],
] as const) {
  test(`${name}, in the middle: no piece and no address is lost`, async () => {
    const workerFile = new URL(`../support/${file}`, import.meta.url);
    const {
      download: done,
      race,
      lost,
    } = await download(file, {
      shards: 2,
      hashers: 1,
      memoryBytes: 8 * 2 ** 20,
      rate: 2 ** 20,
      workerFile,
    });
    assert.equal(lost, 2, 'both first shards died');
    assert.equal(done.complete, true);
    const settled = [...race.peers.outcomes];
    assert.equal(settled.length, 12);
    for (const { timeline } of settled)
      assert.notEqual(timeline.dialed, null, 'every address was tried again');
  });
}

test('shards that die again and again end the run instead of spinning', async () => {
  const workerFile = new URL('../support/hopeless-shard.js', import.meta.url);
  await assert.rejects(
    download('hopeless', { shards: 1, hashers: 1, memoryBytes: 2 ** 23, rate: 0, workerFile }),
    /injected/,
  );
});
