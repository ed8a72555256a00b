/** The folder for data that helps the next run but is not needed (XDG base directories). */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export function cacheFile(name: string): string {
  const base = process.env['XDG_CACHE_HOME'];
  // The specification says that relative paths are ignored.
  const folder = base === undefined || !isAbsolute(base) ? join(homedir(), '.cache') : base;
  return join(folder, 'unchoke', name);
}
