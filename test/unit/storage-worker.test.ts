/** What a storage thread keeps for all its torrents together: open files, a folder, and what it knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StorageCommand } from '../../src/shared/storage-messages.ts';
import { StorageWorker } from '../../src/workers/storage/storage-worker.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { fullTorrent, torrentId } from '../support/stored-torrents.ts';

function fixture(openFiles: number) {
  const disk = new MemoryDisk();
  const worker = new StorageWorker({ openFiles }, disk, () => {});
  const torrents = Array.from({ length: 10 }, (_, i) => {
    disk.make(`file${i}`, 32_768);
    return fullTorrent(`file${i}`, 1, i);
  });
  const store = (id: number, isNew = true): StorageCommand => {
    const { setup, pieces } = torrents[id] ?? fullTorrent('none', 1, id);
    return {
      type: 'run',
      torrent: torrentId(id),
      setup: isNew ? setup : null,
      task: { type: 'store', pieces },
    };
  };
  return { disk, worker, store };
}

test('files of all torrents share one bound, and the one longest unused is closed', () => {
  const { disk, worker, store } = fixture(3);
  for (const id of [0, 1, 2]) worker.run(store(id));
  worker.run(store(0, false));
  worker.run(store(3));
  assert.deepEqual([...disk.open.values()].sort(), ['write file0', 'write file2', 'write file3']);
  assert.deepEqual(worker.held, { torrents: 4, openFiles: 3 });
  assert.equal(disk.holders.size, 1, 'only the torrent of the last open holds a folder');
});

test('a forgotten torrent is closed; a task for it is our bug, after which no torrent is known', () => {
  const { disk, worker, store } = fixture(8);
  for (const id of [0, 1, 2]) worker.run(store(id));
  worker.run({ type: 'forget', torrents: [torrentId(0), torrentId(2), torrentId(7)] });
  assert.deepEqual(
    [[...disk.open.values()], worker.held.torrents, disk.holders.size],
    [['write file1'], 1, 0],
  );
  assert.throws(() => worker.run(store(2, false)), /torrent 2 is not known/);
  assert.deepEqual([disk.open.size, worker.held.torrents], [0, 0]);
  assert.equal(worker.run(store(2)).fault, null);
});

test('a disk that fails is a result, not the end of the thread', () => {
  const { disk, worker, store } = fixture(8);
  worker.run(store(1));
  disk.fault = 'ENOSPC';
  assert.deepEqual(worker.run(store(0)).fault, { code: 'ENOSPC', path: 'file0', operation: 'write' });
  assert.equal(worker.held.torrents, 2);
});

test('a file that says only at its close that it was not written: the fault is that of its own torrent', () => {
  const { disk, worker, store } = fixture(2);
  for (const id of [0, 1]) worker.run(store(id));
  disk.closeFault = 'ENOSPC';
  assert.equal(worker.run(store(2)).fault, null, 'it made room for another torrent');
  assert.deepEqual([...disk.open.values()], ['write file1', 'write file2']);
  const fault = { code: 'ENOSPC', path: 'file0', operation: 'close' };
  assert.deepEqual(worker.run(store(0, false)).fault, fault, 'nothing more is written');
  disk.closeFault = 'EIO';
  const forgotten = worker.run({ type: 'forget', torrents: [0, 1, 2].map(torrentId) });
  assert.deepEqual(forgotten, {
    type: 'forgotten',
    faults: [fault, { code: 'EIO', path: 'file1', operation: 'close' }, null],
    fault: null,
  });
  assert.deepEqual(worker.held, { torrents: 0, openFiles: 0 });
  assert.equal(worker.run(store(0)).fault, null, 'it is told once');
});
