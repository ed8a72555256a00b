/**
 * The only file that writes to stdout and stderr. The text may contain words of strangers (peers, torrents, trackers), so each
 * line is made safe here.
 */
import type { Failure } from '../../failure.ts';
import { diskFailure } from '../../files/disk-failure.ts';
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

/** A serial console does not know its size, and says 0. It has the usual one then, as in other programs. */
export function sizeTerminals(
  streams: readonly NodeJS.WriteStream[] = [process.stdout, process.stderr],
): void {
  for (const stream of streams) {
    if (stream.isTTY !== true) continue;
    stream.columns ||= 80;
    stream.rows ||= 24;
  }
}

/** The width of the terminal; null if it is none. */
export function terminalColumns(of: 'stdout' | 'stderr'): number | null {
  const { isTTY, columns } = process[of];
  return isTTY === true ? columns : null;
}

function fitted(to: 'stdout' | 'stderr', lines: readonly string[]): readonly string[] {
  const columns = terminalColumns(to);
  if (columns === null) return lines;
  // A path may have spaces. Where it is a result it is copied, so the terminal breaks it, which copies it whole.
  return lines.flatMap((line) => (to === 'stdout' && PATH.test(line) ? [line] : wrapped(line, columns)));
}

function write(to: 'stdout' | 'stderr', lines: readonly string[]): void {
  put(to, `${lines.join('\n')}\n`);
}

/** One object per line. */
export function writeJson(value: object): void {
  put('stdout', `${printableJson(value)}\n`);
}

/** Some versions of Node throw the error of a file, others emit it. After it they only collect what is written. */
function put(to: 'stdout' | 'stderr', text: string): void {
  if (over.has(to)) return;
  try {
    process[to].write(text);
  } catch (error) {
    failed(to, error as NodeJS.ErrnoException);
  }
}

/** They take no more. */
const over = new Set<'stdout' | 'stderr'>();
let lost: Failure | null = null;
const told = new Set<() => void>();

/** Call once, at the start: from then on no output that fails is a bug of ours. */
export function outliveReaders(): void {
  for (const to of ['stdout', 'stderr'] as const)
    process[to].on('error', (error: NodeJS.ErrnoException) => failed(to, error));
}

/** A reader that goes away (`| head`, a terminal) wants no more. On a full disk results are missing, and the user must know. */
function failed(to: 'stdout' | 'stderr', error: NodeJS.ErrnoException): void {
  over.add(to);
  const { code = error.message } = error;
  const isGone = code === 'EPIPE' || code === 'ECONNRESET' || (code === 'EIO' && process[to].isTTY);
  if (to === 'stderr' || isGone || lost !== null) return;
  lost = diskFailure(code, 'stdout', error);
  for (const hear of told) hear();
}

/** Calls `hear` when results can no longer be written. The returned function stops that. */
export function onLostStdout(hear: () => void): () => void {
  told.add(hear);
  if (lost !== null) queueMicrotask(hear);
  return () => told.delete(hear);
}

/** Why results could not be written; null if they were. */
export async function lostStdout(): Promise<Failure | null> {
  // The stream emits an error after the write.
  await new Promise((resolve) => setImmediate(resolve));
  return lost;
}
