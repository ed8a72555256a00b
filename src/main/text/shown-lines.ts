import { printable, withoutSecrets } from './foreign-text.ts';

/** Makes lines safe to show. A line feed inside a line is shown as a character and starts no new line. */
export function shownLines(lines: readonly string[]): string[] {
  return lines.map((line) => printable(withoutSecrets(line)));
}
