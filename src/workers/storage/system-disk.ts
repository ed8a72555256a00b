/** The disk of storage threads over a file system: the real one, or that of a simulation. */
import { type FileSystem, SYSTEM_FILES } from '../../shared/file-system.ts';
import type { Disk } from './disk.ts';
import { FileOpener } from './file-opener.ts';

export function diskOver(files: FileSystem, nanoseconds: () => bigint): Disk {
  const { close, read, write } = files;
  return { filesOf: (setup) => new FileOpener(setup, files), close, read, write, nanoseconds };
}

export const systemDisk = diskOver(SYSTEM_FILES, () => process.hrtime.bigint());
