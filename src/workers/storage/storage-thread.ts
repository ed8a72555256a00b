/** The entry of a storage thread: a worker over the real disk. */
import { workerData } from 'node:worker_threads';
import { collectGarbage } from '../../shared/collect-garbage.ts';
import type { StorageCommand, StorageResult, StorageThreadSetup } from '../../shared/storage-messages.ts';
import { StorageWorker } from './storage-worker.ts';
import { systemDisk } from './system-disk.ts';

const worker = new StorageWorker(workerData as StorageThreadSetup, systemDisk, collectGarbage);

export default function storageThread(command: StorageCommand): StorageResult {
  return worker.run(command);
}
