/** How wide a text is on a terminal: ideographs and emoji take two columns, marks on other letters take none. */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;
const NARROWEST = /[\p{Mn}\p{Me}\p{Cf}]/u;
const ONLY_USUAL = /^[\u0020-\u02ff\u2010-\u259f]*$/;

export function columnsOf(text: string): number {
  if (ONLY_USUAL.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** The text, or its beginning and `…`, in at most so many columns. */
export function cutTo(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (columnsOf(text) <= columns) return text;
  let cut = '';
  let left = columns - 1;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    cut += character;
  }
  return `${cut}…`;
}

/** As `cutTo`; but what stands in brackets at the end is left out before anything is cut. */
export function fittedTo(text: string, columns: number): string {
  return cutTo(columnsOf(text) <= columns ? text : text.replace(/ \([^()]*\)$/, ''), columns);
}

/** A text that ends with a path, and more about it: one line where both fit; `columns` is null where no terminal limits it. */
export function withPath(path: string, more: string, columns: number | null): readonly string[] {
  const line = `${path}, ${more}`;
  // Nothing breaks a path, so that it can be copied.
  return columns === null || columnsOf(line) <= columns ? [line] : [path, `  ${more}`];
}

function widthOf(character: string): 0 | 1 | 2 {
  if (WIDE.test(character)) return 2;
  return NARROWEST.test(character) ? 0 : 1;
}
