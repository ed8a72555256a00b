/** The output of `create`: the file is written as a whole or not at all, and nothing is left beside it. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { Failure } from '../failure.ts';
import { makingFailure } from '../files/disk-failure.ts';
import { checkReplaceable, writeWhole } from '../files/whole-file.ts';

/** The file for the torrent: a folder gets a file in it, as with `cp`. */
export function torrentPath(output: string, name: string): string {
  return output.endsWith('/') || statOf(output)?.isDirectory() === true ? join(output, name) : output;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(diskPath(path), { throwIfNoEntry: false });
  } catch {
    // What is wrong with the path is said where it is checked.
    return undefined;
  }
}

/** Throws a `usage` failure if a file or a link may not be replaced, a `disk` failure if the path is something that is never replaced. */
export function assertOutputFree(output: string, force: boolean): void {
  attempt(output, () => {
    checkReplaceable(output);
    if (!force && lstatSync(diskPath(output), { throwIfNoEntry: false }) !== undefined)
      throw new Failure('usage', `${output}: already exists (use --force to replace it)`);
  });
}

/** Throws a `disk` failure. */
export function writeTorrent(output: string, bytes: Uint8Array): void {
  attempt(output, () => writeWhole(output, bytes));
}

function attempt(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw makingFailure(error, path);
  }
}
