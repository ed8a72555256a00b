/** Where things are kept that the next run would like to have, and could do without (XDG base directories). */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export function cacheFile(name: string): string {
  const base = process.env['XDG_CACHE_HOME'];
  // The specification wants relative paths passed over.
  const folder = base === undefined || !isAbsolute(base) ? join(homedir(), '.cache') : base;
  return join(folder, 'unchoke', name);
}
