/** What help, manual page and completion say about the options of a command: the same groups, order and texts in all of them. */
import type { Argument, Option } from 'commander';

/** Groups in this order, then all others as they were defined. */
const ORDER = ['Data:', 'Download:', 'Upload:', 'Peers:', 'Network:', 'Race:', 'Output:'];
const REST = 'Options:';
/** The default of a list that is empty if nothing is given: not worth a word. */
export const NO_DEFAULT = 'none';

/** Options by group. Groups without options are left out. */
export function groupsOf(options: readonly Option[]): Map<string, Option[]> {
  const groups = new Map<string, Option[]>(ORDER.map((heading) => [heading, []]));
  for (const option of options) {
    const heading = option.helpGroupHeading ?? REST;
    groups.set(heading, [...(groups.get(heading) ?? []), option]);
  }
  return new Map([...groups].filter(([, members]) => members.length > 0));
}

/** The description with choices and default. */
export function optionText(option: Option): string {
  return withNotes(option.description, option.argChoices, defaultText(option));
}

export function argumentText({ description, argChoices, defaultValue }: Argument): string {
  return withNotes(description, argChoices, defaultValue === undefined ? '' : String(defaultValue));
}

function withNotes(text: string, choices: readonly string[] | undefined, otherwise: string): string {
  const notes = [];
  if (choices !== undefined) notes.push(`choices: ${choices.join(', ')}`);
  if (otherwise !== '') notes.push(`default: ${otherwise}`);
  return notes.length === 0 ? text : `${text} (${notes.join('; ')})`;
}

/** Empty for a switch, and for an option whose default is in its description or that has none. */
function defaultText({ defaultValue, defaultValueDescription, required }: Option): string {
  if (!required) return '';
  if (defaultValueDescription !== undefined)
    return defaultValueDescription === NO_DEFAULT ? '' : defaultValueDescription;
  return typeof defaultValue === 'string' ? defaultValue : '';
}

/** The first thought of a text: up to a semicolon, a colon or a bracket. */
export function firstThought(text: string): string {
  return text.replace(/(?:[;:,] and |[;:] | \().*$/s, '');
}
