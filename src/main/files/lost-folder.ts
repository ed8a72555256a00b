/** The folder in which unchoke was started can be deleted: then no path works, and no thread starts. */
import { Failure } from '../failure.ts';

export function isFolderLost(): boolean {
  try {
    process.cwd();
    return false;
  } catch {
    return true;
  }
}

/** Node's error for this, from any thread, as a failure for the user; any other error unchanged. */
export function namingLostFolder(error: unknown): unknown {
  if (!(error instanceof Error) || !/^ENOENT\b.*\buv_cwd$/.test(error.message)) return error;
  return new Failure('disk', 'the folder in which you are was deleted; go to another one with cd', {
    cause: error,
  });
}
