/** Colours for people: only on a terminal that has them, and never where the user turns them off. */

export type Style = 'strong' | 'faint' | 'good' | 'bad';
export type Paint = (style: Style, text: string) => string;
export type ColourChoice = 'auto' | 'always' | 'never';
export const COLOUR_CHOICES: readonly ColourChoice[] = ['auto', 'always', 'never'];

/** Select Graphic Rendition: how each style begins and ends. */
const CODES: Readonly<Record<Style, readonly [begin: number, end: number]>> = {
  strong: [1, 22],
  faint: [2, 22],
  good: [32, 39],
  bad: [31, 39],
};

export const PLAIN: Paint = (_, text) => text;

const COLOURED: Paint = (style, text) => {
  const [begin, end] = CODES[style];
  return text === '' ? '' : `\u001b[${begin}m${text}\u001b[${end}m`;
};

/** `auto`: as the terminal, NO_COLOR and FORCE_COLOR say, which Node reads. */
export function paintFor(choice: ColourChoice, stream: Partial<NodeJS.WriteStream>): Paint {
  const has =
    choice === 'auto' ? stream.isTTY === true && stream.hasColors?.() === true : choice === 'always';
  return has ? COLOURED : PLAIN;
}
