/** Gives a file another name, and replaces nothing that has this name. */
import type { DiskPath, FileSystem } from '../../shared/file-system.ts';

/** File systems without hard links. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);

/** A link fails where the new name exists; a rename would replace what is there. Throws the system's error: EEXIST if something is there. */
export function renameNew(files: FileSystem, from: DiskPath, to: DiskPath): void {
  try {
    files.link(from, to);
    files.unlink(from);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    if (files.lstat(to) !== null) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
    files.rename(from, to);
  }
}
