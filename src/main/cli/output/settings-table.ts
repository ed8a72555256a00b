/** The settings as a table for people. */
import { wrapped } from '../../text/wrapped.ts';
import type { Setting, SettingValue } from '../settings-list.ts';
import { type UnknownVariable, unknownText } from '../unknown-variables.ts';
import { terminalColumns } from './terminal.ts';

const BELOW = '    ';

interface Row {
  readonly name: string;
  readonly from: string;
  readonly value: string;
}

export function settingsTable(
  file: { readonly path: string; readonly exists: boolean },
  settings: readonly Setting[],
  unknown: readonly UnknownVariable[],
  columns = widthOfTerminal(),
): string[] {
  return [
    ...fileLines(file.path, file.exists, columns),
    '',
    ...settingsRows(settings, columns),
    ...unknown.flatMap((variable) => wrapped(unknownText(variable), columns)),
  ];
}

export function settingsRows(settings: readonly Setting[], columns = widthOfTerminal()): string[] {
  const rows = [{ name: 'option', from: 'from', value: 'value' }, ...settings.flatMap(rowsOf)];
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const fromWidth = Math.max(...rows.map(({ from }) => from.length));
  return rows.flatMap((row) => rowLines(row, nameWidth, fromWidth, columns));
}

function widthOfTerminal(): number {
  return terminalColumns('stdout') ?? Number.POSITIVE_INFINITY;
}

/** A path is copied, so nothing is broken within it. */
function fileLines(path: string, exists: boolean, columns: number): string[] {
  const [line, note] = [`config file: ${path}`, '(does not exist)'];
  if (exists) return [line];
  return line.length + 1 + note.length <= columns ? [`${line} ${note}`] : [line, `${BELOW}${note}`];
}

/** A value has lines of its own if its longest word has no room beside the name. */
function rowLines(
  { name, from, value }: Row,
  nameWidth: number,
  fromWidth: number,
  columns: number,
): string[] {
  const start = `${name.padEnd(nameWidth)}  ${from.padEnd(fromWidth)}`;
  const longest = Math.max(...value.split(' ').map((word) => word.length));
  if (start.length + 2 + longest <= columns) return wrapped(`${start}  ${value}`, columns, start.length + 2);
  const below = wrapped(`${BELOW}${value}`, columns);
  return name === '' ? below : [start, ...below];
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
