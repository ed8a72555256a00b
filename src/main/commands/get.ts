/** `unchoke get`: the download. */
import type { Command } from 'commander';
import { get } from '../get-run.ts';
import { defineGet, type GetFlags } from './get-flags.ts';

export function getCommand(program: Command, setStatus: (status: number) => void): void {
  defineGet(program.command('get')).action(async (source: string, flags: GetFlags) =>
    setStatus(await get(source, flags, { oracleMs: null })),
  );
}
