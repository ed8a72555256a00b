/** The command line of `unchoke create`. */
import type { Command } from 'commander';
import { allCoresOption, many } from './options.ts';
import { type VersionFlags, versionOptions } from './version-options.ts';

export interface CreateFlags extends VersionFlags {
  readonly output?: string;
  readonly pieceLength?: string;
  readonly tracker: readonly string[];
  readonly webSeed: readonly string[];
  readonly private?: boolean;
  readonly comment?: string;
  readonly name?: string;
  readonly force?: boolean;
  readonly hashers: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function createCommand(
  program: Command,
  run: (path: string, flags: CreateFlags) => Promise<void>,
): void {
  const command = program
    .command('create')
    .description('make a .torrent file from a file or a folder; hashes on all cores')
    .argument('<path>', 'the file or folder to share')
    .option(
      '-o, --output <file>',
      'the .torrent file to write, or a folder for NAME.torrent (default: this folder)',
    )
    .option('--piece-length <size>', 'a power of two, at least 16K (default: depends on the size)');
  for (const option of versionOptions()) command.addOption(option);
  command
    .addOption(many('--tracker <url>', 'a tracker, in its own tier; may be repeated'))
    .addOption(many('--web-seed <url>', 'a web seed (BEP 19); may be repeated'))
    .option('--private', 'clients may find peers only through the trackers (BEP 27)')
    .option('--comment <text>', 'a comment to store in the torrent')
    .option('--name <name>', 'a name for the torrent (default: the name of PATH)')
    .option('--force', 'replace the output file if it exists')
    .addOption(allCoresOption())
    .option('--json', 'print the result as JSON')
    .option('-q, --quiet', 'show no progress on stderr')
    .action(run);
}
