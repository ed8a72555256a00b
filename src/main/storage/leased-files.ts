/** A file system that changes nothing once a lease is over. Reading goes on. */
import { constants } from 'node:fs';
import type { FileSystem } from '../../shared/file-system.ts';
import type { Lease } from '../../shared/lease.ts';

const WRITES = constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC;

export function leasedFiles(files: FileSystem, lease: Lease): FileSystem {
  /** The same call, if it may be made. */
  const held =
    <Arguments extends readonly unknown[], Result>(call: (...given: Arguments) => Result) =>
    (...given: Arguments): Result => {
      lease.assert();
      return call(...given);
    };
  const { slow } = files;
  return {
    ...files,
    open: (path, flags, mode) => {
      if ((flags & WRITES) !== 0) lease.assert();
      return files.open(path, flags, mode);
    },
    write: held(files.write),
    ftruncate: held(files.ftruncate),
    chmod: held(files.chmod),
    touch: held(files.touch),
    mkdir: held(files.mkdir),
    link: held(files.link),
    symlink: held(files.symlink),
    rename: held(files.rename),
    unlink: held(files.unlink),
    slow: {
      ...slow,
      open: async (path, flags) => {
        if ((flags & WRITES) !== 0) lease.assert();
        return slow.open(path, flags);
      },
      write: async (...given) => held(slow.write)(...given),
      clone: async (...given) => held(slow.clone)(...given),
      rename: async (...given) => held(slow.rename)(...given),
      unlink: async (...given) => held(slow.unlink)(...given),
    },
  };
}
