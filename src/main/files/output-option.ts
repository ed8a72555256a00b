/** Files and folders that an option names for the output: checked at the start, because a failure after hours would be too late. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { systemWords } from '../../shared/system-words.ts';
import { BadOption } from '../failure.ts';
import { absolutePath } from './absolute-path.ts';
import { checkReplaceable } from './whole-file.ts';

/** The path of a file that can be written. Throws a `disk` failure that names the option. */
export function outputFile(option: string, path: string): string {
  const folder = dirname(path);
  const refuse = (why: string, cause?: unknown): BadOption =>
    new BadOption(option, `${path}: ${why}`, { code: 'disk', cause });
  const stats = attempt(() => statSync(diskPath(folder), { throwIfNoEntry: false }), refuse);
  if (stats === undefined)
    throw refuse(`the folder ${folder} does not exist; create it, or choose another folder`);
  if (!stats.isDirectory()) throw refuse(`${folder} is not a folder; choose another path`);
  attempt(
    () => accessSync(diskPath(folder), constants.W_OK | constants.X_OK),
    (why) => refuse(`nothing can be written in the folder ${folder}: ${why}; choose another folder`),
  );
  if (path.endsWith('/') || lookAt(path)?.isDirectory() === true)
    throw refuse('it is a folder; give the name of a file in it');
  attempt(() => checkReplaceable(path), refuse);
  return path;
}

/** The same for a file that is only written if it does not exist. */
export function outputFileIfMissing(option: string, path: string): string {
  return existsSync(diskPath(path)) ? path : outputFile(option, path);
}

/** The path of a file to which lines can be added, also a device or a pipe. Throws a `disk` failure that names the option. */
export function appendedFile(option: string, path: string): string {
  const there = lookAt(path);
  if (there === null || there.isDirectory()) return outputFile(option, path);
  const refuse = (why: string, cause: unknown): BadOption =>
    new BadOption(option, `${path}: it cannot be written: ${why}; choose another file`, {
      code: 'disk',
      cause,
    });
  attempt(() => accessSync(diskPath(path), constants.W_OK), refuse);
  return path;
}

/** The path of a folder that exists or can be created below one. Throws a `disk` failure that names the option. */
export function outputFolder(option: string, path: string): string {
  let there = absolutePath(path);
  for (;;) {
    const stats = lookAt(there);
    if (stats?.isDirectory() === true) return path;
    if (stats !== null)
      throw new BadOption(option, `${path}: ${there} is a file, not a folder; choose another folder`, {
        code: 'disk',
      });
    if (dirname(there) === there) return path;
    there = dirname(there);
  }
}

/** Null for nothing, also below a file and where we may not look: the download will say what is wrong there. */
function lookAt(path: string) {
  try {
    return statSync(diskPath(path));
  } catch {
    return null;
  }
}

function attempt<Result>(work: () => Result, refuse: (why: string, cause: unknown) => Error): Result {
  try {
    return work();
  } catch (error) {
    throw refuse(systemWords(error), error);
  }
}
