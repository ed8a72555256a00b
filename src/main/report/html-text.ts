/** Text of other people's making on a page of ours. */
import { printable } from '../text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Fit for an element or a quoted attribute. Line feeds stay: tooltips have several lines. */
export function escaped(text: string): string {
  const plain = text.split('\n').map(printable).join('\n');
  return plain.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
