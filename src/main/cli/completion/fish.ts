/** Completion for fish. */
import type { Command, Option } from 'commander';
import { optionsOf } from '../help.ts';
import { type Completed, valueOfArgument, valueOfOption } from './completed-values.ts';

/** The command is the first word: in `unchoke help get`, `get` is none. */
export function fishCompletion(program: Command): string {
  const commands = program.commands
    .filter((command) => !command.name().includes(' '))
    .map(
      (command) =>
        `complete -c unchoke -n __unchoke_first -a ${command.name()} -d ${quoted(command.description())}`,
    );
  return `# unchoke: completion for fish
function __unchoke_first
  test (count (commandline -opc)) -eq 1
end
function __unchoke_in
  set -l words (commandline -opc)
  set -l last (math 1 + (count $argv))
  test (count $words) -ge $last; and test "$words[2..$last]" = "$argv"
end
${commands.join('\n')}
${optionsOf(program)
  .map((option) => optionLine('__unchoke_first', option))
  .join('\n')}
${program.commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf(command: Command): string[] {
  const inCommand = `'__unchoke_in ${command.name()}'`;
  const [argument] = command.registeredArguments;
  const value: Completed = argument === undefined ? { kind: 'nothing' } : valueOfArgument(argument);
  return [
    ...(value.kind === 'files' ? [] : [`complete -c unchoke -n ${inCommand} -f${offered(value)}`]),
    ...optionsOf(command).map((option) => optionLine(inCommand, option)),
  ];
}

function optionLine(condition: string, option: Option): string {
  const { long = '', short, description } = option;
  const letter = short === undefined ? '' : ` -s ${short.slice(1)}`;
  const value = valueOfOption(option);
  const how = value === null ? '' : value.kind === 'files' ? ' -r -F' : ` -x${offered(value)}`;
  return `complete -c unchoke -n ${condition}${letter} -l ${long.slice(2)}${how} -d ${quoted(description)}`;
}

function offered(value: Completed): string {
  if (value.kind === 'choices') return ` -a '${value.words.join(' ')}'`;
  return value.kind === 'folders' ? " -a '(__fish_complete_directories)'" : '';
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
