/** `unchoke bench`: the throughput of a swarm or a server. Everything is verified and thrown away: the disk has no part in it. */
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
    .description('measure how fast a swarm gives; what comes is verified and thrown away')
    .argument('<source>', SOURCE_HELP)
    .optionsGroup('The download:')
    .option('--duration <duration>', 'how long to measure, from the first block', seconds(DEFAULT_BENCH_MS))
    .addOption(hashersOption())
    .option('--memory <size>', `memory for pieces on their way to a hasher (default: ${MEMORY_DEFAULT})`)
    .optionsGroup('Peers:')
    .option('--no-webseeds', 'fetch from peers only, not from HTTP servers')
    .optionsGroup('The race:')
    .option(
      '--first-unchoke-timeout <duration>',
      'give up when no block has come; 0 waits for ever',
      seconds(DEFAULT_TORRENT.firstUnchokeTimeout),
    )
    .action(run);
}
