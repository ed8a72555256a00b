/** A worker file that loads slowly, and says so in shared memory. */
import { workerData } from 'node:worker_threads';

const word = new Int32Array(workerData as SharedArrayBuffer);
Atomics.add(word, 0, 1);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
Atomics.add(word, 1, 1);

export default function task(): void {}
