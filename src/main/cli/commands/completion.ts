/** `unchoke completion SHELL`: the completion script, made from the definitions that parse the command line. */
import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { writeLines } from '../output/terminal.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices([...SHELLS]))
    .addHelpText(
      'after',
      '\nExample:\n  unchoke completion bash > ~/.local/share/bash-completion/completions/unchoke',
    )
    .action((shell: Shell) => writeLines('stdout', SCRIPTS[shell](program).trimEnd().split('\n')));
}

const SCRIPTS: Readonly<Record<Shell, (program: Command) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};
