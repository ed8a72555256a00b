/** Lines for a terminal: none is wider, and none breaks within a word that fits. */

/** A continued line begins below the words of its first one: spaces at the start of a line are kept. */
export function wrapped(line: string, columns: number): string[] {
  if (line.length <= columns) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns);
    // A word that is wider than the terminal is left to the terminal: a path can be copied whole then.
    const at = space > indent.length ? space : rest.indexOf(' ', columns);
    if (at < 0) break;
    lines.push(rest.slice(0, at));
    rest = `${indent}${rest.slice(at + 1)}`;
  }
  return [...lines, rest];
}
