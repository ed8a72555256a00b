/** Text of other people's making on a page of ours. */
import { shownLines } from '../text/shown-lines.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Fit for an element or a quoted attribute. Line feeds stay: tooltips have several lines. */
export function escaped(text: string): string {
  const plain = shownLines(text.split('\n')).join('\n');
  return plain.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
