/** The disk of storage threads over a file system: the real one, or that of a simulation. */
import { constants } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import { type FileSystem, SYSTEM_FILES } from '../../shared/file-system.ts';
import { NEVER_WAIT, systemError } from '../../shared/folder.ts';
import type { Disk } from './disk.ts';
import { FileOpener } from './file-opener.ts';

export function diskOver(files: FileSystem, nanoseconds: () => bigint): Disk {
  const { close, read, write } = files;
  const openSource = (path: string): number => openRegular(files, path);
  return { filesOf: (setup) => new FileOpener(setup, files), openSource, close, read, write, nanoseconds };
}

function openRegular(files: FileSystem, path: string): number {
  const descriptor = files.open(diskPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | NEVER_WAIT);
  try {
    if (!files.fstat(descriptor).isFile()) throw systemError('EINVAL');
    return descriptor;
  } catch (error) {
    files.close(descriptor);
    throw error;
  }
}

export const systemDisk = diskOver(SYSTEM_FILES, () => process.hrtime.bigint());
