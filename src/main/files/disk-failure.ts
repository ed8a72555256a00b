/** The system's words on files, as sentences. */
import { Failure } from '../failure.ts';

const SENTENCES: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'a folder is in the way',
  ENOTDIR: 'a folder became a link, or a part of the path is not a folder',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  EIO: 'the disk reported an error',
  ELOOP: 'a symbolic link is in the way',
  EFBIG: 'the file is larger than this filesystem takes',
  EINVAL: 'not a regular file',
  ENXIO: 'not a regular file',
  EEXIST:
    'another program, or another file of this torrent, made a file of this name (does this disk ignore upper and lower case?)',
  REPLACED:
    'another file was put in its place while it was downloaded; move it away and run the same command again',
  CHANGED: 'the file became shorter while it was read',
  ENAMETOOLONG: 'the name is longer than this filesystem takes',
};

/** What to do, where that is known. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'make room, and run the same command again: it goes on from there',
  EDQUOT: 'make room, and run the same command again: it goes on from there',
  EACCES: 'give yourself the right to it, or choose another folder',
  EPERM: 'choose another folder',
  EROFS: 'choose another folder',
  EISDIR: 'move it away',
  ELOOP: 'move it away',
  EIO: 'look after the disk before anything else',
  EFBIG: 'choose a folder on another filesystem',
};

/** The system's word on a path, as a failure with exit status 5. */
export function diskFailure(code: string, path: string, cause?: unknown): Failure {
  const advice = ADVICE[code] === undefined ? '' : `; ${ADVICE[code]}`;
  const sentence = SENTENCES[code] ?? 'the disk operation failed';
  return new Failure('disk', `${path}: ${sentence} (${code})${advice}`, { cause });
}
