/** `~` at the start of a path. A shell replaces it on the command line, but not in a variable or a config file. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export function homePath(path: string): string {
  return path === '~' || /^~[\\/]/.test(path) ? join(homedir(), path.slice(1)) : path;
}
