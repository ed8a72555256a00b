/** `unchoke verify`: the command line of it. */
import type { Command } from 'commander';
import type { Flags } from '../runs/run-verify.ts';
import { allCoresOption } from './options.ts';

export function verifyCommand(program: Command, setStatus: (status: number) => void): void {
  program
    .command('verify')
    .description('hash the files on disk, on all cores, and list good, bad and missing files')
    .argument('<torrent>', 'a .torrent file')
    .argument('[dir]', 'the folder of the download', '.')
    .addOption(allCoresOption())
    .option('--json', 'print the result as JSON', false)
    .option('--quiet', 'show no progress on stderr', false)
    .action(async (torrent: string, folder: string, flags: Flags) =>
      setStatus(await (await import('../runs/runs.ts')).runVerify(torrent, folder, flags)),
    );
}
