/** `unchoke get`: downloads one source or several. */
import type { Command } from 'commander';
import { defineGet, type GetFlags } from './get-flags.ts';

export function getCommand(
  program: Command,
  run: (sources: readonly string[], flags: GetFlags) => Promise<void>,
): void {
  defineGet(program.command('get')).action(run);
}
