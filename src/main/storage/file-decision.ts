/**
 * Decides from its verdict what happens to each file before the first byte arrives, or throws one failure that names all files in
 * the way. Pure.
 */
import { STANDING, type Standing } from '../../shared/standing.ts';
import { Failure } from '../failure.ts';
import type { Found, Verdict } from './judgement.ts';
import type { StoragePlan } from './storage-plan.ts';

export interface FileDecision {
  /** `resize`: to the length in the torrent. `replace`: the existing file is removed, and a new one is made. */
  readonly action: 'make' | 'resize' | 'replace' | 'none';
  readonly standing: Standing;
  /** One of its own pieces is missing; a shared one does not count, because another file may need its bytes. */
  readonly needsBytes: boolean;
}

/** Throws a `disk` failure that names every file in the way. */
export function decideFiles(
  plan: StoragePlan,
  found: readonly Found[],
  verdicts: readonly Verdict[],
  overwrite: boolean,
): Omit<FileDecision, 'needsBytes'>[] {
  assertNothingInTheWay(plan, found, verdicts, overwrite);
  return verdicts.map((verdict, i) =>
    decide(verdict, found[i] ?? { kind: 'nothing' }, plan.files[i]?.length ?? 0, overwrite),
  );
}

function decide(
  verdict: Verdict,
  found: Found,
  length: number,
  overwrite: boolean,
): Omit<FileDecision, 'needsBytes'> {
  const [size, names] = found.kind === 'file' ? [found.size, found.names] : [0, 1];
  const action = size === length ? 'none' : 'resize';
  switch (verdict.kind) {
    case 'absent':
      return { action: 'make', standing: STANDING.ours };
    case 'blank':
      return { action, standing: STANDING.ours };
    case 'ours':
      return { action, standing: STANDING.there };
    case 'guarded':
      // Only with --overwrite, and never if the bytes would also appear under another name.
      return { action, standing: overwrite && names === 1 ? STANDING.there : STANDING.guarded };
    case 'refused':
      return names === 1 && size > length
        ? { action, standing: STANDING.there }
        : { action: 'replace', standing: STANDING.ours };
  }
}

function assertNothingInTheWay(
  plan: StoragePlan,
  found: readonly Found[],
  verdicts: readonly Verdict[],
  overwrite: boolean,
): void {
  const lines = new Map<string, string>();
  let files = 0;
  for (const [i, verdict] of verdicts.entries()) {
    if (verdict.kind !== 'refused' || (verdict.isFile && overwrite)) continue;
    const there = found[i];
    const path = there?.kind === 'obstacle' ? there.path : (plan.files[i]?.path ?? '');
    if (!lines.has(path) && verdict.isFile) files += 1;
    lines.set(path, verdict.why);
  }
  if (lines.size === 0) return;
  throw inTheWay(lines, 'before', files > 0);
}

/** `lines`: each path in the way, with the reason. `after`: the rest of the download is there. */
export function inTheWay(
  lines: ReadonlyMap<string, string>,
  when: 'before' | 'after',
  isOverwritable: boolean,
): Failure {
  const named = [...lines].map(([path, why]) => `  ${path}: ${why}`);
  const [what, them] =
    lines.size === 1 ? ['1 file or folder is', 'it'] : [`${lines.size} files or folders are`, 'them'];
  const state =
    when === 'before'
      ? 'nothing was changed'
      : `${them === 'it' ? 'it was' : 'they were'} kept as ${them === 'it' ? 'it is' : 'they are'}; all other files are complete`;
  const advice = isOverwritable ? ', or replace with --overwrite' : '';
  return new Failure('disk', [
    `${what} in the way of the download, and ${state}:`,
    ...named,
    `move ${them} away${advice}, and run the same command again`,
  ]);
}
