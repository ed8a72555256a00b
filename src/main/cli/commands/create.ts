/** `unchoke create`: the command line of it. */
import type { Command } from 'commander';
import { allCoresOption, many } from './options.ts';

export interface CreateFlags {
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
  program
    .command('create')
    .description('make a .torrent of a file or a folder, hashing on all cores')
    .argument('<path>', 'what to share')
    .option('-o, --output <file>', 'where to write it (default: NAME.torrent here)')
    .option('--piece-length <size>', 'a power of two from 16K up (default: by size)')
    .addOption(many('--tracker <url>', 'a tracker, each in a tier of its own; may be given many times'))
    .addOption(many('--web-seed <url>', 'a web seed (BEP 19); may be given many times'))
    .option('--private', 'peers from the trackers only (BEP 27)')
    .option('--comment <text>', 'a comment')
    .option('--name <name>', 'another name than that of PATH')
    .option('--force', 'replace the output file if it is there')
    .addOption(allCoresOption())
    .option('--json', 'the result as JSON')
    .option('--quiet', 'no progress on stderr')
    .action(run);
}
