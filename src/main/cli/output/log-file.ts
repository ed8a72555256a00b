/** The file of `--log`: each line with the time in UTC, also what `--quiet` hides. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { diskPath } from '../../../shared/byte-name.ts';
import { diskFailure, makingFailure } from '../../files/disk-failure.ts';
import { shownLines } from '../../text/shown-lines.ts';

export class LogFile {
  readonly #path: string;
  #descriptor: number | null;

  /** Adds to a file that is there. Throws a `disk` failure. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#descriptor = openSync(diskPath(path), 'a');
    } catch (error) {
      throw makingFailure(error, path);
    }
  }

  /** Returns what is wrong where the file cannot be written any more, once; then the log ends and the download goes on. */
  write(lines: readonly string[]): string | null {
    if (this.#descriptor === null) return null;
    const time = new Date().toISOString();
    try {
      writeSync(
        this.#descriptor,
        shownLines(lines)
          .map((line) => `${time} ${line}\n`)
          .join(''),
      );
      return null;
    } catch (error) {
      closeSync(this.#descriptor);
      this.#descriptor = null;
      return `the log ends: ${diskFailure((error as NodeJS.ErrnoException).code ?? String(error), this.#path, error).message}`;
    }
  }
}
