/**
 * The only file that writes to stdout and stderr. The text may contain words of strangers (peers, torrents, trackers), so each
 * line is made safe here.
 */
import { printableJson } from '../../text/foreign-text.ts';
import { shownLines } from '../../text/shown-lines.ts';
import { wrapped } from '../../text/wrapped.ts';

export type Line = string;

export function writeLines(to: 'stdout' | 'stderr', lines: readonly Line[]): void {
  const shown = shownLines(lines);
  // Results are copied and piped, and a path may have spaces: only what is told beside them is broken into lines.
  const { isTTY, columns } = process.stderr;
  const breaks = to === 'stderr' && isTTY === true && columns > 0;
  const fit = breaks ? shown.flatMap((line) => wrapped(line, columns)) : shown;
  process[to].write(`${fit.join('\n')}\n`);
}

/** One object per line. */
export function writeJson(value: object): void {
  process.stdout.write(`${printableJson(value)}\n`);
}

/** If the reader goes away (`| head`: EPIPE; the terminal: EIO), that is not our error. */
export function outliveReaders(): void {
  process.stdout.on('error', ignoreBrokenPipe);
  process.stderr.on('error', ignoreBrokenPipe);
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
