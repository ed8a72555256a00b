/** The system's errors for paths, as failures for the user. */
import { diskPath } from '../../shared/byte-name.ts';
import type { FileStats, FileSystem } from '../../shared/file-system.ts';
import { LEASE_OVER } from '../../shared/lease.ts';
import { systemWords } from '../../shared/system-words.ts';
import { Failure } from '../failure.ts';

/** Where the words for a download are not those for a file that is only read. They say all that the code says. Two codes are our own. */
const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'a folder is in the way',
  ENOTDIR: 'a folder became a link, or a part of the path is not a folder',
  ELOOP: 'a symbolic link is in the way',
  EEXIST:
    'another program, or another file of this torrent, made a file with this name (the disk may ignore upper and lower case)',
  REPLACED: 'another file took its place during the download; move it away and run the same command again',
  CHANGED: 'the file became shorter while unchoke read it',
};

/** Advice, if there is any. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space, then run the same command again to resume',
  EDQUOT: 'free some space, then run the same command again to resume',
  EACCES: 'change the permissions, or choose another folder',
  EPERM: 'choose another folder',
  EROFS: 'choose another folder',
  EISDIR: 'move it away',
  ELOOP: 'move it away',
  EIO: 'check the disk before you go on',
  EFBIG: 'choose a folder on another file system',
};

/**
 * The system's error for a path, as a failure with exit status 5; its cause has the code. A lease that is over is no fault of the
 * disk.
 */
export function diskFailure(code: string, path: string, error?: unknown): Failure {
  const cause = error ?? Object.assign(new Error(code), { code });
  if (code === LEASE_OVER)
    return new Failure('interrupted', `${path}: not written: another machine may have this job by now`, {
      cause,
    });
  const advice = ADVICE[code] === undefined ? '' : `; ${ADVICE[code]}`;
  return new Failure('disk', `${path}: ${SENTENCES[code] ?? systemWords(code)}${advice}`, { cause });
}

/** The same for a file or a folder that could not be made. There, ENOENT is about the folder: some, as in /proc, take nothing. */
export function makingFailure(error: unknown, path: string): Failure {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (code !== 'ENOENT') return diskFailure(code, path, error);
  const why = 'its folder does not exist, or takes no new files; choose another folder';
  return new Failure('disk', `${path}: ${why}`, { cause: error });
}

/** What is at a path, without following a link; null if nothing is. Throws a `disk` failure. */
export function lookAt(path: string, files: FileSystem): FileStats | null {
  try {
    return files.lstat(diskPath(path));
  } catch (error) {
    throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
  }
}
