/** `unchoke get`: the download, of one source or of several. */
import type { Command } from 'commander';
import { defineGet, type GetFlags } from './get-flags.ts';

export function getCommand(program: Command, setStatus: (status: number) => void): void {
  defineGet(program.command('get')).action(async (sources: readonly string[], flags: GetFlags) =>
    setStatus(await (await import('../runs/runs.ts')).runGet(sources, flags)),
  );
}
