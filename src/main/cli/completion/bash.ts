/** Completion for bash, also the 3.2 of macOS: that one has no `compopt`, so it offers files where nothing fits. */
import type { Command } from 'commander';
import { optionsOf } from '../help.ts';
import { longNames, valueOfArgument, valueOfOption } from './completed-values.ts';

/** Names of files are left to bash (`-o default`), which knows how to quote them. */
export function bashCompletion(program: Command): string {
  const names = program.commands.map((command) => command.name()).filter((name) => !name.includes(' '));
  const first = [...names, ...longs(program)];
  return `# unchoke: completion for bash
_unchoke_nothing() { compopt +o default 2> /dev/null; }
_unchoke_folders() { compopt +o default -o dirnames -o filenames 2> /dev/null; }
_unchoke_words() { COMPREPLY=($(compgen -W "$1" -- "$2")); _unchoke_nothing; }
_unchoke() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" options=""
  COMPREPLY=()
  # Bash cuts --option=value at the sign.
  if [ "$cur" = "=" ]; then cur=""
  elif [ "$prev" = "=" ]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  local command="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -gt 2 ]; then
    case "$command \${COMP_WORDS[2]}" in
      ${longNames(program)
        .map((name) => `"${name}"`)
        .join('|')}) command="$command \${COMP_WORDS[2]}";;
    esac
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${first.join(' ')}" -- "$cur"))
    return
  fi
  case "$command" in
${program.commands.map(commandCase).join('\n')}
  esac
  case "$cur" in
    -*) _unchoke_words "$options" "$cur";;
  esac
}
complete -o default -F _unchoke unchoke
`;
}

function longs(command: Command): string[] {
  return optionsOf(command).flatMap(({ long }) => long ?? []);
}

function commandCase(command: Command): string {
  const values = optionsOf(command).flatMap((option) => {
    const value = valueOfOption(option);
    if (value === null) return [];
    const names = [option.short, option.long].filter((name) => name !== undefined).join('|');
    return `        ${names}) ${offer(value)}return;;`;
  });
  const lines = [
    ...(values.length === 0 ? [] : ['      case "$prev" in', ...values, '      esac']),
    `      options="${longs(command).join(' ')}"`,
    ...argumentLines(command),
  ];
  return `    "${command.name()}")\n${lines.join('\n')};;`;
}

/** The first argument; bash cannot tell the second from the value of a switch. */
function argumentLines(command: Command): string[] {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return ['      _unchoke_nothing'];
  const value = valueOfArgument(argument);
  return value.kind === 'files' ? [] : [`      ${offer(value).trimEnd().replace(/;$/, '')}`];
}

function offer(value: ReturnType<typeof valueOfArgument>): string {
  if (value.kind === 'choices') return `_unchoke_words "${value.words.join(' ')}" "$cur"; `;
  if (value.kind === 'folders') return '_unchoke_folders; ';
  return value.kind === 'nothing' ? '_unchoke_nothing; ' : '';
}
