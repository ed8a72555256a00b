/** A path of the user's as an absolute one. Node reads the working folder as UTF-8, and what it lost would lead to another folder. */
import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { nameOfBytes } from '../../shared/byte-name.ts';

export function absolutePath(path: string): string {
  return resolve(workingFolder(), path);
}

/** Where the system does not tell its bytes it is what Node made of them. */
function workingFolder(): string {
  const folder = process.cwd();
  if (process.platform !== 'linux' || !folder.includes('\ufffd')) return folder;
  try {
    return nameOfBytes(readlinkSync('/proc/self/cwd', 'buffer'));
  } catch {
    return folder;
  }
}
