/** Where things are kept that the next run would like to have, and could do without (XDG base directories). */
import { homedir } from 'node:os';
import { join } from 'node:path';

export function cacheFile(name: string): string {
  const base = process.env['XDG_CACHE_HOME'];
  const folder = base === undefined || base === '' ? join(homedir(), '.cache') : base;
  return join(folder, 'unchoke', name);
}
