/** What a terminal does with the lines on its screen when it becomes narrower. */
import { stripVTControlCharacters } from 'node:util';
import { columnsOf } from '../../text/columns.ts';

/** The Linux console, xterm and GNU screen cut lines that are too long. All others of today break them. */
export function breaksLines({ TERM, XTERM_VERSION, STY, TMUX }: NodeJS.ProcessEnv): boolean {
  return TERM !== 'linux' && XTERM_VERSION === undefined && (STY === undefined || TMUX !== undefined);
}

/** How many rows these lines take in so many columns, after they were broken. */
export function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => {
    const width = columnsOf(stripVTControlCharacters(line));
    return sum + Math.max(1, Math.ceil(width / columns));
  }, 0);
}
