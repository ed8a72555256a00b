/** A program that an option names, looked for as a shell would: at its path, or by its name in the folders of PATH. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { systemWords } from '../../shared/system-words.ts';
import { BadOption } from '../failure.ts';

/** Windows adds these to a name without a shell. */
const ENDINGS = process.platform === 'win32' ? ['', '.exe', '.com'] : [''];

/** The name as given. Throws a usage failure that names the option if it cannot be run. */
export function programFile(option: string, name: string, path = process.env['PATH'] ?? ''): string {
  const why = name.includes('/') || name.includes(sep) ? faultOf(name) : notFound(name, path);
  if (why === null) return name;
  const advice = /\s/.test(name)
    ? '; it takes no arguments: put the command into a script, and name the script'
    : '';
  throw new BadOption(option, `${name}: ${why}${advice}`);
}

function notFound(name: string, path: string): string | null {
  if (name === '') return 'the name is empty';
  const folders = path.split(delimiter).map((folder) => (folder === '' ? '.' : folder));
  const isFound = folders.some((folder) => faultOf(join(folder, name)) === null);
  if (isFound) return null;
  const isHere = faultOf(`./${name}`) === null;
  return `there is no such program in PATH${isHere ? `; for the one in this folder write ./${name}` : ''}`;
}

/** Why the file cannot be run; null if it can. */
function faultOf(path: string): string | null {
  const faults = ENDINGS.map((ending) => faultOfFile(`${path}${ending}`));
  return faults.includes(null) ? null : (faults[0] ?? null);
}

function faultOfFile(path: string): string | null {
  try {
    const stats = statSync(diskPath(path));
    if (!stats.isFile()) return stats.isDirectory() ? 'it is a folder, not a program' : 'it is not a program';
  } catch (error) {
    return systemWords(error);
  }
  try {
    accessSync(diskPath(path), constants.X_OK);
    return null;
  } catch {
    return `it is not executable; run chmod +x ${path}`;
  }
}
