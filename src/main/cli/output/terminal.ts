/**
 * The one door to stdout and stderr. Whatever is written was perhaps made by somebody else, so all of it is made fit here, a line at a
 * time: nothing else in the program writes to either.
 */
import { printableJson } from '../../text/foreign-text.ts';
import { shownLines } from '../../text/shown-lines.ts';

export type Line = string;

export function writeLines(to: 'stdout' | 'stderr', lines: readonly Line[]): void {
  process[to].write(`${shownLines(lines).join('\n')}\n`);
}

/** One object a line. */
export function writeJson(value: object): void {
  process.stdout.write(`${printableJson(value)}\n`);
}

/** A reader that goes away (`| head`: EPIPE; the terminal: EIO) is no error of ours. */
export function outliveReaders(): void {
  process.stdout.on('error', ignoreBrokenPipe);
  process.stderr.on('error', ignoreBrokenPipe);
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
