/**
 * The file system as the main thread and the storage threads use it: the calls of the system under their own names. A simulation
 * has one in memory. Every call throws the system's error, with its `code`.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  copyFile,
  fchmodSync,
  fdatasync,
  fstat,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstat,
  lstatSync,
  mkdirSync,
  open,
  openSync,
  read,
  readdir,
  readFileSync,
  readSync,
  readv,
  realpathSync,
  rename,
  renameSync,
  statfsSync,
  statSync,
  symlinkSync,
  unlink,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { nameOfBytes } from './byte-name.ts';
import { canHoldFolders } from './folder-descriptor.ts';

/** As `diskPath` makes it. */
export type DiskPath = string | Buffer;

export type FileStats = Pick<
  BigIntStats,
  | 'dev'
  | 'ino'
  | 'size'
  | 'nlink'
  | 'uid'
  | 'mode'
  | 'blocks'
  | 'mtimeNs'
  | 'ctimeNs'
  | 'birthtimeNs'
  | 'isFile'
  | 'isDirectory'
  | 'isSymbolicLink'
>;

/** The size of the blocks in `FileStats`, on every system. */
export const STAT_BLOCK_BYTES = 512;

export interface FileSystem {
  /** A descriptor can hold a folder, and what is in the folder is reached through `/proc/self/fd`. */
  holdsFolders(): boolean;
  open(path: DiskPath, flags: number, mode?: number): number;
  close(descriptor: number): void;
  /** `bytes[from, from + count)` from `position` of the file on. Returns how many were read; 0 at its end. */
  read(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number;
  /** Returns how many were written. */
  write(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number;
  /** All of a file. */
  readWhole(descriptor: number): Buffer;
  ftruncate(descriptor: number, length: number): void;
  /** What was written to it is on the disk for good. */
  fsync(descriptor: number): void;
  chmod(descriptor: number, mode: number): void;
  /** Its times become the present, which is returned: milliseconds of the calendar. */
  touch(descriptor: number): number;
  fstat(descriptor: number): FileStats;
  /** Follows links; null if nothing is there. */
  stat(path: DiskPath): FileStats | null;
  /** Of a link, the link itself; null if nothing is there. */
  lstat(path: DiskPath): FileStats | null;
  realpath(path: DiskPath): string;
  /** The type of the file system, as Linux numbers it. */
  statfs(path: DiskPath): number;
  mkdir(path: DiskPath, options?: { readonly recursive: true; readonly mode: number }): void;
  link(existing: DiskPath, path: DiskPath): void;
  symlink(target: DiskPath, path: DiskPath): void;
  rename(from: DiskPath, to: DiskPath): void;
  unlink(path: DiskPath): void;
  /** The same calls for work that may take long: they do not block the thread. */
  readonly slow: {
    open(path: DiskPath, flags: number): Promise<number>;
    fstat(descriptor: number): Promise<FileStats>;
    lstat(path: DiskPath): Promise<FileStats | null>;
    read(descriptor: number, bytes: Uint8Array, position: number): Promise<number>;
    /** Into several stretches of memory, one after the other. */
    readv(descriptor: number, into: readonly Uint8Array[], position: number): Promise<number>;
    write(descriptor: number, bytes: Uint8Array, position: number): Promise<number>;
    fsync(descriptor: number): Promise<void>;
    fdatasync(descriptor: number): Promise<void>;
    rename(from: DiskPath, to: DiskPath): Promise<void>;
    unlink(path: DiskPath): Promise<void>;
    /** The names in a folder. */
    readdir(path: DiskPath): Promise<string[]>;
    /** Makes a file that shares its space on the disk with another one (a reflink). Rejects where the file system cannot. */
    clone(from: DiskPath, to: DiskPath): Promise<void>;
  };
}

const fstatSlowly = promisify(fstat);
const lstatSlowly = promisify(lstat);
const readSlowly = promisify(read);
const writeSlowly = promisify(write);
const readvSlowly = promisify(readv);
const readdirSlowly = promisify(readdir);
const copySlowly = promisify(copyFile);
const CLONE = constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL;

export const SYSTEM_FILES: FileSystem = {
  holdsFolders: canHoldFolders,
  open: openSync,
  close: closeSync,
  read: readSync,
  write: writeSync,
  readWhole: (descriptor) => readFileSync(descriptor),
  ftruncate: ftruncateSync,
  fsync: fsyncSync,
  chmod: fchmodSync,
  touch: (descriptor) => {
    const now = Date.now();
    futimesSync(descriptor, now / 1_000, now / 1_000);
    return now;
  },
  fstat: (descriptor) => fstatSync(descriptor, { bigint: true }),
  stat: (path) => statSync(path, { bigint: true, throwIfNoEntry: false }) ?? null,
  lstat: (path) => lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null,
  realpath: (path) => nameOfBytes(realpathSync(path, 'buffer')),
  statfs: (path) => statfsSync(path).type,
  mkdir: (path, options) => void mkdirSync(path, options),
  link: linkSync,
  symlink: (target, path) => symlinkSync(target, path),
  rename: renameSync,
  unlink: unlinkSync,
  slow: {
    open: promisify(open),
    fstat: (descriptor) => fstatSlowly(descriptor, { bigint: true }),
    lstat: async (path) => {
      try {
        return await lstatSlowly(path, { bigint: true });
      } catch (error) {
        if (isNothingThere(error)) return null;
        throw error;
      }
    },
    read: async (descriptor, bytes, position) =>
      (await readSlowly(descriptor, bytes, 0, bytes.length, position)).bytesRead,
    readv: async (descriptor, into, position) => (await readvSlowly(descriptor, into, position)).bytesRead,
    write: async (descriptor, bytes, position) =>
      (await writeSlowly(descriptor, bytes, 0, bytes.length, position)).bytesWritten,
    fsync: promisify(fsync),
    fdatasync: promisify(fdatasync),
    rename: promisify(rename),
    unlink: promisify(unlink),
    readdir: async (path) => (await readdirSlowly(path, 'buffer')).map(nameOfBytes),
    clone: (from, to) => copySlowly(from, to, CLONE),
  },
};

/** As with the option `throwIfNoEntry` of Node's calls that block. */
function isNothingThere(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Writes the beginning of a file. The system may take a part at a time. */
export function writeFirst(files: FileSystem, descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += files.write(descriptor, bytes, at, bytes.length - at, at);
}

/** Writes all bytes at `position`, without blocking the thread. */
export async function writeAll(
  { slow }: FileSystem,
  descriptor: number,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await slow.write(descriptor, bytes.subarray(at), position + at);
}

/** A file system that cannot flush at all says so by one of these. */
const CANNOT_FLUSH: ReadonlySet<string> = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Takes the error of a flush: throws it, unless the file system cannot flush at all. That loses nothing, and no more can be done for
 * what was written there.
 */
export function assertCannotFlush(error: unknown): void {
  if (!CANNOT_FLUSH.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
}
