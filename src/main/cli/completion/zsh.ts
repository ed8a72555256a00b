/** Completion for zsh. */
import type { Argument, Command, Option } from 'commander';
import { optionsOf } from '../help.ts';
import {
  type Completed,
  longNames,
  nameOfValue,
  valueOfArgument,
  valueOfOption,
} from './completed-values.ts';

export function zshCompletion(program: Command): string {
  const commands = program.commands
    .filter((command) => !command.name().includes(' '))
    .map((command) => described(command.name(), command.description()));
  const options = optionsOf(program).map(({ long, description }) => described(long ?? '', description));
  return `#compdef unchoke
# unchoke: completion for zsh
_unchoke() {
  local -a commands=(
${commands.join('\n')}
  )
  local -a options=(
${options.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _describe -o option options
    _files
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  if (( CURRENT > 2 )); then
    case "$command $words[2]" in
      ${longNames(program)
        .map((name) => `'${name}'`)
        .join('|')})
        command="$command $words[2]"
        shift words
        (( CURRENT-- ));;
    esac
  fi
  case $command in
${program.commands.map(commandCase).join('\n')}
  esac
}
_unchoke "$@"
`;
}

function described(name: string, text: string): string {
  return `    '${name}:${quoted(text)}'`;
}

function commandCase(command: Command): string {
  const specs = [...optionsOf(command).map(optionSpec), ...command.registeredArguments.map(argumentSpec)];
  return `    '${command.name()}') _arguments \\\n${specs.map((spec) => `      ${spec}`).join(' \\\n')};;`;
}

/** `=` and `+`: the value may follow in the same word. */
function optionSpec(option: Option): string {
  const { long = '', short, description, defaultValue } = option;
  const value = valueOfOption(option);
  const text = `[${quoted(description)}]${value === null ? '' : `:${quoted(nameOfValue(option))}:${action(value)}`}`;
  const name = `${long}${value === null ? '' : '='}`;
  if (Array.isArray(defaultValue)) return `'*${name}${text}'`;
  if (short === undefined) return `'${name}${text}'`;
  return `'(${short} ${long})'{${short}${value === null ? '' : '+'},${name}}'${text}'`;
}

function argumentSpec(argument: Argument, index: number): string {
  const place = argument.variadic ? '*' : String(index + 1);
  return `'${place}:${quoted(argument.name())}:${action(valueOfArgument(argument))}'`;
}

function action(value: Completed): string {
  if (value.kind === 'choices') return `(${value.words.join(' ')})`;
  if (value.kind === 'files') return '_files';
  return value.kind === 'folders' ? '_files -/' : ' ';
}

/** These characters mean something in a specification. */
function quoted(text: string): string {
  return text.replaceAll("'", '’').replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ' -');
}
