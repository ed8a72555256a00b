import { printable, withoutSecrets } from './foreign-text.ts';

/** Lines as they may be shown. A line feed within one is shown, and begins no other. */
export function shownLines(lines: readonly string[]): string[] {
  return lines.map((line) => printable(withoutSecrets(line)));
}
