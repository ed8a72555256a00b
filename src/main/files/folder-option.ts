/** A folder that an option names to be read: checked at the start. */
import { accessSync, constants, statSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import { systemWords } from '../../shared/system-words.ts';
import { BadOption } from '../failure.ts';

/** The path of a folder that can be read. Throws a `disk` failure that names the option. */
export function readableFolder(option: string, path: string): string {
  const refuse = (why: string, cause?: unknown): BadOption =>
    new BadOption(option, `${path}: ${why}`, { code: 'disk', cause });
  try {
    const stats = statSync(diskPath(path), { throwIfNoEntry: false });
    if (stats === undefined) throw refuse('this folder does not exist; give a folder that does');
    if (!stats.isDirectory()) throw refuse('it is not a folder; give the folder that it is in');
    accessSync(diskPath(path), constants.R_OK | constants.X_OK);
    return path;
  } catch (error) {
    if (error instanceof BadOption) throw error;
    throw refuse(`it cannot be read: ${systemWords(error)}`, error);
  }
}
