/** Makes foreign text safe on the report page. */
import { shownLines } from '../text/shown-lines.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe in an element or a quoted attribute. Line feeds stay, because tooltips have several lines. */
export function escaped(text: string): string {
  const plain = shownLines(text.split('\n')).join('\n');
  return plain.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
