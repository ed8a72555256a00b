/** What a shell offers for the value of an option or an argument. Their definitions say it: choices, or a name such as FILE. */
import type { Argument, Command, Option } from 'commander';

export type Completed =
  | { readonly kind: 'choices'; readonly words: readonly string[] }
  | { readonly kind: 'files' | 'folders' | 'nothing' };

const FOLDERS = /^(?:dir|folder)$/;
const FILES = /\b(?:file|path|program|source|torrent)\b/;

/** Null for a switch. */
export function valueOfOption(option: Option): Completed | null {
  if (!option.required && !option.optional) return null;
  return completed(nameOfValue(option), option.argChoices);
}

export function valueOfArgument(argument: Argument): Completed {
  return completed(argument.name(), argument.argChoices);
}

/** `file` for `--report <file>`. */
export function nameOfValue({ flags }: Option): string {
  return /[<[](.+)[>\]]/.exec(flags)?.[1] ?? '';
}

function completed(name: string, choices: readonly string[] | undefined): Completed {
  if (choices !== undefined) return { kind: 'choices', words: choices };
  return { kind: FOLDERS.test(name) ? 'folders' : FILES.test(name) ? 'files' : 'nothing' };
}

/** Names of two words. */
export function longNames({ commands }: Command): string[] {
  return commands.map((command) => command.name()).filter((name) => name.includes(' '));
}
