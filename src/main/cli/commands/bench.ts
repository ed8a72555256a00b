/** `unchoke bench`: the throughput of a swarm or a server. All data is verified and thrown away, so the disk plays no part. */
import type { Command } from 'commander';
import { DEFAULT_BENCH_MS } from '../../../shared/limits.ts';
import { MEMORY_DEFAULT } from '../../download/memory.ts';
import { DEFAULT_TORRENT } from '../../session/settings.ts';
import { hashersOption, type RaceFlags, SOURCE_HELP, seconds, withRaceOptions } from './options.ts';

export interface BenchFlags extends RaceFlags {
  readonly duration: string;
  readonly hashers: string;
  readonly memory?: string;
  readonly firstUnchokeTimeout: string;
  readonly webseeds: boolean;
}

export function benchCommand(
  program: Command,
  run: (source: string, flags: BenchFlags) => Promise<void>,
): void {
  withRaceOptions(program.command('bench'))
    .description('measure how fast a swarm sends; all data is verified and thrown away')
    .argument('<source>', SOURCE_HELP)
    .optionsGroup('Download:')
    .option('--duration <duration>', 'how long to measure, from the first block', seconds(DEFAULT_BENCH_MS))
    .addOption(hashersOption())
    .option('--memory <size>', `memory for pieces that are not yet verified (default: ${MEMORY_DEFAULT})`)
    .optionsGroup('Peers:')
    .option('--no-webseeds', 'do not use web seeds (HTTP servers)')
    .optionsGroup('Race:')
    .option(
      '--first-unchoke-timeout <duration>',
      'give up if no block has arrived; 0 waits forever',
      seconds(DEFAULT_TORRENT.firstUnchokeTimeout),
    )
    .action(run);
}
