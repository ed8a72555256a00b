/** The command line of `unchoke verify`. */
import type { Command } from 'commander';
import { allCoresOption } from './options.ts';

export interface VerifyFlags {
  readonly hashers: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function verifyCommand(
  program: Command,
  run: (torrent: string, folder: string, flags: VerifyFlags) => Promise<void>,
): void {
  program
    .command('verify')
    .description('hash the files on disk, on all cores, and list good, bad and missing files')
    .argument('<torrent>', 'a .torrent file')
    .argument('[dir]', 'the folder of the download', '.')
    .addOption(allCoresOption())
    .option('--json', 'print the result as JSON')
    .option('-q, --quiet', 'show no progress on stderr')
    .action(run);
}
