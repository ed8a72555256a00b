/** The command line of `unchoke verify`. */
import type { Command } from 'commander';
import { allCoresOption, many } from './options.ts';

export interface VerifyFlags {
  readonly hashers: string;
  readonly select: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function verifyCommand(
  program: Command,
  run: (torrent: string, folder: string, flags: VerifyFlags) => Promise<void>,
): void {
  program
    .command('verify')
    .description('hash the files on disk, on all cores, and list good, incomplete, missing and bad files')
    .argument('<torrent>', 'a .torrent file')
    .argument('[dir]', 'the folder of the download', '.')
    .addOption(
      many(
        '--select <name|glob|index>',
        'check only these files, as get --select chooses them; may be repeated',
        'all',
      ),
    )
    .addOption(allCoresOption())
    .option('--json', 'print the result as JSON')
    .option('-q, --quiet', 'show no progress on stderr')
    .action(run);
}
