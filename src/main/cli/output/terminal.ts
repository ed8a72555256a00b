/**
 * The only file that writes to stdout and stderr. The text may contain words of strangers (peers, torrents, trackers), so each
 * line is made safe here.
 */
import { printableJson } from '../../text/foreign-text.ts';
import { shownLines } from '../../text/shown-lines.ts';
import { wrapped } from '../../text/wrapped.ts';

export type Line = string;

/** An absolute path. */
const PATH = /(?:^|[\s(=])\/[^\s/]/;

/** stdout gets the lines as they are: scripts and manual pages. */
export function writeLines(to: 'stdout' | 'stderr', lines: readonly Line[]): void {
  const shown = shownLines(lines);
  write(to, to === 'stderr' ? fitted(to, shown) : shown);
}

/** Results in words: lines for a terminal of any width. */
export function writeResults(lines: readonly Line[]): void {
  write('stdout', fitted('stdout', shownLines(lines)));
}

/** The width of the terminal; null if it is none. */
export function terminalColumns(of: 'stdout' | 'stderr'): number | null {
  const { isTTY, columns } = process[of];
  return isTTY === true && columns > 0 ? columns : null;
}

function fitted(to: 'stdout' | 'stderr', lines: readonly string[]): readonly string[] {
  const columns = terminalColumns(to);
  if (columns === null) return lines;
  // A path may have spaces. Where it is a result it is copied, so the terminal breaks it, which copies it whole.
  return lines.flatMap((line) => (to === 'stdout' && PATH.test(line) ? [line] : wrapped(line, columns)));
}

function write(to: 'stdout' | 'stderr', lines: readonly string[]): void {
  process[to].write(`${lines.join('\n')}\n`);
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
