/**
 * A path from the user as an absolute path. Node reads the working folder as UTF-8, and the bytes that it loses would lead to
 * another folder.
 */
import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { nameOfBytes } from '../../shared/byte-name.ts';

export function absolutePath(path: string): string {
  return resolve(workingFolder(), path);
}

/** If the system does not give its bytes, Node's version is used. */
function workingFolder(): string {
  const folder = process.cwd();
  if (process.platform !== 'linux' || !folder.includes('\ufffd')) return folder;
  try {
    return nameOfBytes(readlinkSync('/proc/self/cwd', 'buffer'));
  } catch {
    return folder;
  }
}
