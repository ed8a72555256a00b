/** The settings as a table for people. */
import type { Setting, SettingValue } from '../settings-list.ts';
import { type UnknownVariable, unknownText } from '../unknown-variables.ts';

interface Row {
  readonly name: string;
  readonly from: string;
  readonly value: string;
}

export function settingsTable(
  file: { readonly path: string; readonly exists: boolean },
  settings: readonly Setting[],
  unknown: readonly UnknownVariable[],
): string[] {
  return [
    `config file: ${file.path}${file.exists ? '' : ' (does not exist)'}`,
    '',
    ...settingsRows(settings),
    ...unknown.map(unknownText),
  ];
}

export function settingsRows(settings: readonly Setting[]): string[] {
  const rows = [{ name: 'option', from: 'from', value: 'value' }, ...settings.flatMap(rowsOf)];
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const fromWidth = Math.max(...rows.map(({ from }) => from.length));
  return rows.map(
    ({ name, from, value }) => `${name.padEnd(nameWidth)}  ${from.padEnd(fromWidth)}  ${value}`,
  );
}

/** The value of most commands, then those that differ. A list has a row for each of its members. */
function rowsOf({ option, variable, values }: Setting): Row[] {
  return values.flatMap((one, index) => {
    const name = index === 0 ? option : `  for ${one.commands.join(', ')}`;
    const from = one.from === 'environment' ? variable : one.key === null ? one.from : `file, ${one.key}`;
    return textsOf(one).map((value, line) =>
      line === 0 ? { name, from, value } : { name: '', from: '', value },
    );
  });
}

/** Addresses in words are a list, too. */
function textsOf({ value, otherwise }: SettingValue): readonly string[] {
  if (otherwise !== null) return otherwise.split(/, (?=\S+:\d+(?:,|$))/);
  return value.length === 0 ? ['none'] : value;
}
