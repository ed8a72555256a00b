/** The figures of a benchmark: shown with medians and spread, saved as JSON, and compared with an earlier run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Machine, machine } from './machine.ts';
import { median, table } from './statistics.ts';

/** By name of the figure, with its unit: one value per round. */
export type Figures = Readonly<Record<string, readonly number[]>>;

export interface Row {
  /** The name of the measurement; the same in every run. */
  readonly name: string;
  readonly figures: Figures;
}

interface Saved {
  readonly machine: Machine;
  readonly rows: readonly Row[];
}

/** Each subject once per round, so that changes of the machine hit all of them. Rounds without a result are left out. */
export async function interleaved<Subject extends { readonly name: string }>(
  subjects: readonly Subject[],
  rounds: number,
  run: (subject: Subject, round: number) => Promise<Figures | null>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects)
      rows.push({ name: subject.name, figures: (await run(subject, round)) ?? {} });
  }
  return joined(rows);
}

/** Merges rows with the same name, their figures one after the other. */
export function joined(rows: readonly Row[]): Row[] {
  const found = new Map<string, Record<string, number[]>>();
  for (const { name, figures } of rows) {
    const all = found.get(name) ?? {};
    for (const [figure, now] of Object.entries(figures)) all[figure] = [...(all[figure] ?? []), ...now];
    found.set(name, all);
  }
  return [...found].map(([name, figures]) => ({ name, figures }));
}

/** Writes the rows to `json` and compares them with the file `compare`, if these are given. Returns the text. */
export function recordOf(
  rows: readonly Row[],
  { json, compare }: { readonly json?: string | undefined; readonly compare?: string | undefined },
): string {
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine: machine(), rows }, null, 1)}\n`);
  const text = figuresTable(rows);
  if (compare === undefined) return text;
  const before = JSON.parse(readFileSync(compare, 'utf8')) as Saved;
  return `${text}\n\nnow / ${before.machine.commit} (Node ${before.machine.node}), medians:\n${ratioTable(rows, before.rows)}`;
}

function namesOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
}

function figuresTable(rows: readonly Row[]): string {
  const names = namesOf(rows);
  const cell = (values: readonly number[] | undefined): string => {
    if (values === undefined || values.length === 0) return '-';
    if (values.length === 1) return short(values[0] as number);
    return `${short(median(values))} (${short(Math.min(...values))}..${short(Math.max(...values))})`;
  };
  return table([
    ['', ...names],
    ...rows.map((row) => [row.name, ...names.map((name) => cell(row.figures[name]))]),
  ]);
}

function ratioTable(rows: readonly Row[], before: readonly Row[]): string {
  const names = namesOf(rows);
  const earlier = new Map(before.map((row) => [row.name, row.figures]));
  const ratio = (row: Row, name: string): string => {
    const [now = [], then = []] = [row.figures[name], earlier.get(row.name)?.[name]];
    return now.length === 0 || then.length === 0 ? '-' : (median(now) / median(then)).toFixed(2);
  };
  return table([['', ...names], ...rows.map((row) => [row.name, ...names.map((name) => ratio(row, name))])]);
}

/** Three digits. */
function short(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
