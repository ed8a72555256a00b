/** A storage thread that dies after a store task and before it reports it, as often as the test says. */
import { workerData } from 'node:worker_threads';
import type { StorageCommand, StorageResult } from '../../src/shared/storage-messages.ts';
import storageThread from '../../src/workers/storage/storage-thread.ts';

const { deaths } = workerData as { readonly deaths: SharedArrayBuffer };
const left = new Int32Array(deaths);

export default function dyingStorage(command: StorageCommand): StorageResult {
  const result = storageThread(command);
  if (result.type === 'stored' && Atomics.sub(left, 0, 1) > 0) process.exit(1);
  return result;
}
