/** The system's words on files, as sentences. */
import { Failure } from './failure.ts';
import { printable } from './text.ts';

const SENTENCES: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
  ENOENT: 'the file is gone',
  EISDIR: 'a folder is in the way',
  ENOTDIR: 'a part of the path is not a folder',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  EIO: 'the disk reported an error',
  ELOOP: 'a symbolic link is in the way',
  EFBIG: 'the file is larger than this filesystem takes',
  CHANGED: 'the file became shorter while it was read',
  ENAMETOOLONG: 'the name is longer than this filesystem takes',
};

/** The system's word on a path, as a failure with exit status 5. */
export function diskFailure(code: string, path: string, cause?: unknown): Failure {
  return new Failure(
    'disk',
    `${printable(path)}: ${SENTENCES[code] ?? 'the disk operation failed'} (${code})`,
    {
      cause,
    },
  );
}
