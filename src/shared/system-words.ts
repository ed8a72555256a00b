/** Error codes of the system in plain words, wherever a message shows one. `network-words.ts` has the words about a server. */

/** The code stays in brackets, because people search for it. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EADDRINUSE: 'another program uses it',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EBUSY: 'another program uses it',
  EDQUOT: 'the disk quota is full',
  EFBIG: 'the file is larger than this file system allows',
  EINVAL: 'not a regular file',
  EIO: 'the disk reported an error',
  ELOOP: 'the symbolic links lead in a circle',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is longer than this file system allows',
  ENFILE: 'too many open files on this machine',
  ENOEXEC: 'not a program; the first line of a script must name its interpreter, as #!/bin/sh does',
  ENOMEM: 'not enough memory',
  ENOSPC: 'no space left on the disk',
  ENOTDIR: 'a part of the path is not a folder',
  ENOTSUP: 'the system cannot do this',
  ENXIO: 'not a regular file',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
  ERR_FS_FILE_TOO_LARGE: 'the file is too large to be read',
  ERR_INVALID_ARG_VALUE: 'a path cannot contain a zero byte',
  ETXTBSY: 'another program writes to it',
};

/** These words say all that the code says. */
const WITHOUT_CODE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
};

/** Words for an error with a code, or for the code alone. An error without a code is shown with its message. */
export function systemWords(error: unknown): string {
  const code = codeOf(error);
  if (code === null) return error instanceof Error ? error.message : String(error);
  return WITHOUT_CODE[code] ?? `${WORDS[code] ?? 'the system refused it'} (${code})`;
}

/** Some parts hand on only the code, as a text or as the message of an error. */
function codeOf(error: unknown): string | null {
  const { code } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  if (code !== undefined) return code;
  const text = error instanceof Error ? error.message : String(error);
  return /^E[A-Z\d_]+$/.test(text) ? text : null;
}
