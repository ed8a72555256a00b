/**
 * The user's secret key that signs journals. The claims of a journal without its signature do not count. The key is in the user's
 * state folder, or in a file that several machines share.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { assertCannotFlush, type FileSystem, SYSTEM_FILES, writeFirst } from '../../shared/file-system.ts';
import { JOURNAL_KEY_BYTES, MAX_JOURNAL_KEY_BYTES } from '../../shared/limits.ts';
import { systemWords } from '../../shared/system-words.ts';
import { Failure } from '../failure.ts';
import { makingFailure } from '../files/disk-failure.ts';
import { userFolder } from '../files/user-folders.ts';

export type JournalKey = Buffer;

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * The key file that the user named, or the one in the state folder; created if missing. Null if the state folder cannot hold a
 * key: then every piece is hashed. Throws a Failure if the named file is not usable.
 */
export function journalKey(
  named: string | null,
  onTrouble: (text: string) => void,
  files: FileSystem = SYSTEM_FILES,
): JournalKey | null {
  if (named !== null) return readOrMake(named, files);
  const path = join(userFolder('state'), 'journal.key');
  try {
    files.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return readOrMake(path, files);
  } catch (error) {
    const why = error instanceof Failure ? error.message : `${path}: ${systemWords(error)}`;
    onTrouble(`no journal key, so the files on disk are hashed again: ${why}`);
    return null;
  }
}

function readOrMake(path: string, files: FileSystem): JournalKey {
  try {
    return read(path, files) ?? made(path, files);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw makingFailure(error, path);
  }
}

/** Null if there is no such file. */
function read(path: string, files: FileSystem): JournalKey | null {
  let descriptor: number;
  try {
    descriptor = files.open(diskPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const stats = files.fstat(descriptor);
    const own = process.geteuid?.() ?? Number(stats.uid);
    if (!stats.isFile() || stats.size < JOURNAL_KEY_BYTES || stats.size > MAX_JOURNAL_KEY_BYTES)
      throw new Failure(
        'usage',
        `${path}: not a journal key (${JOURNAL_KEY_BYTES} to ${MAX_JOURNAL_KEY_BYTES} bytes); move it away, and unchoke makes a new one`,
      );
    if (Number(stats.uid) !== own || (process.platform !== 'win32' && (stats.mode & 0o077n) !== 0n))
      throw new Failure('usage', `${path}: other users can read this key; protect it (chmod 600)`);
    return files.readWhole(descriptor);
  } finally {
    files.close(descriptor);
  }
}

/** Another process may create one at the same moment: the first rename wins, and its file is complete by then. */
function made(path: string, files: FileSystem): JournalKey {
  const own = `${path}.${randomBytes(8).toString('hex')}`;
  const key = Buffer.from(`${randomBytes(JOURNAL_KEY_BYTES).toString('hex')}\n`);
  const descriptor = files.open(diskPath(own), NEW, 0o600);
  try {
    try {
      writeFirst(files, descriptor, key);
      // A power loss must not leave an empty one: no further run could use it.
      try {
        files.fsync(descriptor);
      } catch (error) {
        assertCannotFlush(error);
      }
    } finally {
      files.close(descriptor);
    }
    files.link(diskPath(own), diskPath(path));
    return key;
  } catch (error) {
    const winner = (error as NodeJS.ErrnoException).code === 'EEXIST' ? read(path, files) : null;
    if (winner === null) throw error;
    return winner;
  } finally {
    files.unlink(diskPath(own));
  }
}
