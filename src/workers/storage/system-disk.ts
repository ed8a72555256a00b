/** The real file system. */
import { closeSync, readSync, writeSync } from 'node:fs';
import type { Disk } from './disk.ts';
import { FileOpener } from './file-opener.ts';

export const systemDisk: Disk = {
  filesOf: (setup) => new FileOpener(setup),
  close: closeSync,
  read: readSync,
  write: writeSync,
  nanoseconds: () => process.hrtime.bigint(),
};
