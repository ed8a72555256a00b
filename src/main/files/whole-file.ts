/**
 * A small file that is written as a whole or not at all. Its bytes go to a new file beside it, created exclusively under an
 * unguessable name, which then takes its place. No link is followed, and a reader always sees either the old or the new
 * content.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';

/** New files that have not yet taken their place: only a killed process leaves one. */
const UNFINISHED = /^\.unchoke-[0-9a-f]{16}(?:\.new)?$/;

export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name);
}

/** Throws the system's error; the old file is then unchanged. A device, a pipe or a folder is not replaced (EINVAL, EISDIR). */
export function writeWhole(path: string, bytes: string | Uint8Array, mode = 0o666): void {
  checkReplaceable(path);
  const fresh = diskPath(join(dirname(path), `.unchoke-${randomBytes(8).toString('hex')}.new`));
  try {
    writeFileSync(fresh, bytes, { flag: 'wx', mode });
    renameSync(fresh, diskPath(path));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** Throws like `writeWhole` if the name belongs to something other than a file, or to a link to such a thing (/dev/stdout). */
export function checkReplaceable(path: string): void {
  const named = lstatSync(diskPath(path), { throwIfNoEntry: false });
  const there = named?.isSymbolicLink() === true ? targetOf(path) : named;
  if (there === undefined || there.isFile()) return;
  const code = there.isDirectory() ? 'EISDIR' : 'EINVAL';
  throw Object.assign(new Error(`${code}: ${path}`), { code });
}

/** Undefined if the link leads to nothing or in a circle. */
function targetOf(path: string): Stats | undefined {
  try {
    return statSync(diskPath(path), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The bytes of an ordinary file; null if there is none, if it is a link, or if it is too large. */
export function readWhole(path: string, maxBytes: number): Buffer | null {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a pipe would block.
    file = openSync(
      diskPath(path),
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
  } catch {
    return null;
  }
  try {
    const { size } = fstatSync(file);
    if (!fstatSync(file).isFile() || size > maxBytes) return null;
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0));
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
