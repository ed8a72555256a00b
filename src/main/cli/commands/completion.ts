/** `unchoke completion SHELL`: the completion script, made from the definitions that parse the command line. */
import { Argument, type Command, type Option } from 'commander';
import { writeLines } from '../output/terminal.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices([...SHELLS]))
    .addHelpText(
      'after',
      '\nExample:\n  unchoke completion bash > ~/.local/share/bash-completion/completions/unchoke',
    )
    .action((shell: Shell) => writeLines('stdout', SCRIPTS[shell](program).trimEnd().split('\n')));
}

const SCRIPTS: Readonly<Record<Shell, (program: Command) => string>> = { bash, zsh, fish };

function longs(command: Command): string[] {
  return [...command.options.map(({ long }) => long ?? ''), '--help'].filter((long) => long !== '');
}

function choices(command: Command): readonly Option[] {
  return command.options.filter(({ argChoices }) => argChoices !== undefined);
}

function bash(program: Command): string {
  const commands = program.commands.map((command) => {
    const values = choices(command)
      .map(
        ({ long, argChoices }) =>
          `      ${long}) COMPREPLY=($(compgen -W "${argChoices?.join(' ')}" -- "$cur")); return;;`,
      )
      .join('\n');
    const byOption = values === '' ? '' : `      case "$prev" in\n${values}\n      esac\n`;
    return `    ${command.name()})\n${byOption}      words="${longs(command).join(' ')}";;`;
  });
  return `# unchoke: completion for bash
_unchoke() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${program.commands.map((command) => command.name()).join(' ')}" -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${commands.join('\n')}
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$cur"));;
    *) COMPREPLY=($(compgen -f -- "$cur"));;
  esac
}
complete -o filenames -F _unchoke unchoke
`;
}

function zsh(program: Command): string {
  const quoted = (text: string) =>
    text.replaceAll("'", '’').replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ' -');
  const commands = program.commands.map(
    (command) => `    '${command.name()}:${quoted(command.description())}'`,
  );
  const cases = program.commands.map((command) => {
    const options = command.options.map(({ long, description, argChoices, required }) => {
      const value =
        argChoices !== undefined ? `:value:(${argChoices.join(' ')})` : required ? ':value:_files' : '';
      return `      '*${long}[${quoted(description)}]${value}'`;
    });
    return `    ${command.name()}) _arguments \\\n${[...options, "      '*:file:_files'"].join(' \\\n')};;`;
  });
  return `#compdef unchoke
# unchoke: completion for zsh
_unchoke() {
  local -a commands=(
${commands.join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
_unchoke "$@"
`;
}

function fish(program: Command): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const commands = program.commands.map(
    (command) =>
      `complete -c unchoke -n __fish_use_subcommand -a ${command.name()} -d ${quoted(command.description())}`,
  );
  const options = program.commands.flatMap((command) =>
    command.options.map(({ long, short, description, argChoices, required }) => {
      const letter = short === undefined ? '' : ` -s ${short.slice(1)}`;
      const value = argChoices !== undefined ? ` -x -a '${argChoices.join(' ')}'` : required ? ' -r' : '';
      return `complete -c unchoke -n '__fish_seen_subcommand_from ${command.name()}'${letter} -l ${long?.slice(2)}${value} -d ${quoted(description)}`;
    }),
  );
  return `# unchoke: completion for fish\n${[...commands, ...options].join('\n')}\n`;
}
