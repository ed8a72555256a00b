/** `unchoke bench`: the throughput of a swarm or a server. Everything is verified and thrown away: the disk has no part in it. */
import type { Command } from 'commander';
import { DEFAULT_BENCH_MS, DEFAULT_FIRST_UNCHOKE_TIMEOUT_MS } from '../../../shared/limits.ts';
import { MEMORY_DEFAULT } from '../../download/memory.ts';
import { hashersOption, type RaceFlags, SOURCE_HELP, withRaceOptions } from './options.ts';

export interface BenchFlags extends RaceFlags {
  readonly duration: string;
  readonly hashers: string;
  readonly memory?: string;
  readonly firstUnchokeTimeout: string;
  readonly webseeds: boolean;
}

export function benchCommand(program: Command, setStatus: (status: number) => void): void {
  withRaceOptions(program.command('bench'))
    .description('measure how fast a swarm sends; all data is verified and thrown away')
    .argument('<source>', SOURCE_HELP)
    .optionsGroup('Download:')
    .option(
      '--duration <duration>',
      'how long to measure, from the first block',
      `${DEFAULT_BENCH_MS / 1_000}s`,
    )
    .addOption(hashersOption())
    .option('--memory <size>', `memory for pieces that are not yet verified (default: ${MEMORY_DEFAULT})`)
    .optionsGroup('Peers:')
    .option('--no-webseeds', 'do not use web seeds (HTTP servers)')
    .optionsGroup('Race:')
    .option(
      '--first-unchoke-timeout <duration>',
      'give up if no block has arrived; 0 waits forever',
      `${DEFAULT_FIRST_UNCHOKE_TIMEOUT_MS / 1_000}s`,
    )
    .action(async (source: string, flags: BenchFlags) =>
      setStatus(await (await import('../runs/runs.ts')).runBench(source, flags)),
    );
}
