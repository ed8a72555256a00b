/** Variables of the environment that look like settings and are none: probably mistyped. */
import type { Command } from 'commander';
import { CLUSTER_SECRET } from './cluster-settings-from-flags.ts';
import { settingsOf, variableOf } from './settings.ts';
import { didYouMean } from './similar-words.ts';

export interface UnknownVariable {
  readonly name: string;
  /** `did you mean UNCHOKE_…?`; null if no setting is like it. */
  readonly guess: string | null;
}

/** By name. `get` sets those of a completed download itself, for the program of `--on-complete`. */
export function unknownVariables(
  commands: readonly Command[],
  environment: NodeJS.ProcessEnv,
): UnknownVariable[] {
  const ours = Object.keys(environment).filter(
    (name) => /^UNCHOKE_(?!DONE_)/.test(name) && name !== CLUSTER_SECRET,
  );
  if (ours.length === 0) return [];
  const known = [...new Set(commands.flatMap(settingsOf).map(variableOf))];
  return ours
    .filter((name) => !known.includes(name))
    .sort()
    .map((name) => ({ name, guess: didYouMean(name, known) }));
}

export function unknownText({ name, guess }: UnknownVariable): string {
  return `${name}: in the environment, but there is no such setting${guess === null ? '' : `; ${guess}`}`;
}
