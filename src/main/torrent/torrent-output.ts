/** Where `create` writes: the file is there as a whole or not at all, and nothing is left beside it. */
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { diskFailure } from '../disk-failure.ts';
import { Failure } from '../failure.ts';

/** Only a process that was killed leaves one. */
const UNFINISHED = /^\.unchoke-[0-9a-f]{16}\.torrent\.part$/;

export function isUnfinishedTorrent(name: string): boolean {
  return UNFINISHED.test(name);
}

/** Throws a `usage` failure where something is there that may not be replaced. */
export function assertOutputFree(output: string, force: boolean): void {
  const stats = attempt(output, () => statSync(diskPath(output), { throwIfNoEntry: false }));
  if (stats?.isDirectory() === true) throw new Failure('usage', `${output}: it is a folder`);
  if (stats !== undefined && !force)
    throw new Failure('usage', `${output}: is there already (--force replaces it)`);
}

/** Throws a `disk` failure. */
export function writeTorrent(output: string, bytes: Uint8Array): void {
  const unfinished = diskPath(
    join(dirname(output), `.unchoke-${randomBytes(8).toString('hex')}.torrent.part`),
  );
  try {
    attempt(output, () => {
      writeFileSync(unfinished, bytes, { flag: 'wx' });
      renameSync(unfinished, diskPath(output));
    });
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
  }
}
