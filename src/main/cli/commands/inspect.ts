/** `unchoke inspect`: what a torrent contains, and with `--scrape` the figures of its trackers. */
import type { Command } from 'commander';
import { type RaceFlags, SOURCE_HELP, withRaceOptions } from './options.ts';

export interface InspectFlags extends RaceFlags {
  readonly scrape?: boolean;
  readonly timeout: string;
}

export function inspectCommand(
  program: Command,
  run: (source: string, flags: InspectFlags) => Promise<void>,
): void {
  withRaceOptions(program.command('inspect'))
    .description('show the content of a torrent; for a magnet link, fetch its metadata from peers')
    .argument('<source>', SOURCE_HELP)
    .option('--scrape', 'ask the trackers how many seeds and leeches they know (BEP 48)')
    .optionsGroup('Race:')
    .option('--timeout <duration>', 'give up if no peer has sent the metadata; 0 waits forever', '60s')
    .action(run);
}
