/** File error codes of the system as sentences. */
import { Failure } from '../failure.ts';

const SENTENCES: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is full',
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
  ENOENT: 'the file or folder does not exist',
  EISDIR: 'a folder is in the way',
  ENOTDIR: 'a folder became a link, or a part of the path is not a folder',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  EIO: 'the disk reported an error',
  ELOOP: 'a symbolic link is in the way',
  EFBIG: 'the file is larger than this file system allows',
  EINVAL: 'not a regular file',
  ENXIO: 'not a regular file',
  EEXIST:
    'another program, or another file of this torrent, made a file with this name (the disk may ignore upper and lower case)',
  REPLACED: 'another file took its place during the download; move it away and run the same command again',
  CHANGED: 'the file became shorter while unchoke read it',
  ENAMETOOLONG: 'the name is longer than this file system allows',
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

/** The system's error for a path, as a failure with exit status 5. */
export function diskFailure(code: string, path: string, cause?: unknown): Failure {
  const advice = ADVICE[code] === undefined ? '' : `; ${ADVICE[code]}`;
  const sentence = SENTENCES[code] ?? 'the disk operation failed';
  return new Failure('disk', `${path}: ${sentence} (${code})${advice}`, { cause });
}
