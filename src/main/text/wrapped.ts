/** Lines for a terminal: none is wider, and none breaks within a word that fits. */
import { columnsOf } from './columns.ts';

/** Room that a continued line has at least. */
const LEAST_COLUMNS = 20;
/** `1. `, `why: `: what follows is one paragraph. */
const MARK = /^ *(?:\d+\.|why:) +/;

/** A continued line begins after `hang` columns: below the words of its first line, or below the last column of a table. */
export function wrapped(line: string, columns: number, hang = hangOf(line, columns)): string[] {
  if (columnsOf(line) <= columns) return [line];
  const indent = ' '.repeat(hang <= columns - LEAST_COLUMNS ? hang : firstWordAt(line));
  const lines: string[] = [];
  let rest = line;
  let begins = firstWordAt(line);
  while (columnsOf(rest) > columns) {
    const space = rest.lastIndexOf(' ', endOf(rest, columns));
    // A word that is wider than the terminal is left to the terminal: a path can be copied whole then.
    const at = space > begins ? space : rest.indexOf(' ', Math.max(begins, endOf(rest, columns)));
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${indent}${rest.slice(at).trimStart()}`;
    begins = indent.length;
  }
  return [...lines, rest];
}

/** Below the words after a mark, or after the last gap of two spaces in the first half; else below the first word. */
function hangOf(line: string, columns: number): number {
  const mark = MARK.exec(line);
  if (mark !== null) return mark[0].length;
  const gaps = [...line.matchAll(/\S {2,}(?=\S)/g)].map(({ index, 0: gap }) => index + gap.length);
  return gaps.findLast((end) => end <= columns / 2) ?? firstWordAt(line);
}

function firstWordAt(line: string): number {
  return line.length - line.trimStart().length;
}

/** How many characters fit. */
function endOf(text: string, columns: number): number {
  if (columnsOf(text) === text.length) return columns;
  let end = 0;
  let left = columns;
  for (const character of text) {
    left -= columnsOf(character);
    if (left < 0) break;
    end += character.length;
  }
  return end;
}
