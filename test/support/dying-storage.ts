/** A storage thread that dies under its first store tasks, as often as the test says; the one in its place lives on. */
import { workerData } from 'node:worker_threads';
import type { StorageCommand, StorageResult } from '../../src/shared/storage-messages.ts';
import storageThread from '../../src/workers/storage/storage-thread.ts';

const { deaths } = workerData as { readonly deaths: SharedArrayBuffer };
const left = new Int32Array(deaths);

export default function dyingStorage(command: StorageCommand): StorageResult {
  if (command.type === 'run' && command.task.type === 'store' && Atomics.sub(left, 0, 1) > 0) process.exit(1);
  return storageThread(command);
}
