/** `unchoke race`: who unchokes first, and why everybody else did not. Downloads nothing. */
import { type Command, Option } from 'commander';
import { CHOKED_RACE_MS } from '../../../shared/limits.ts';
import type { Flags } from '../runs/run-race.ts';
import { SOURCE_HELP, withRaceOptions } from './options.ts';

export const ENDS = ['settled', 'first-unchoke', 'first-block'] as const;

export function raceCommand(program: Command, setStatus: (status: number) => void): void {
  withRaceOptions(program.command('race'))
    .description('race all peers to the first unchoke and report what happened to each; downloads nothing')
    .argument('<source>', SOURCE_HELP)
    .addOption(new Option('--until <end>', 'when to stop').choices([...ENDS]).default('settled'))
    .option(
      '--first-unchoke-timeout <duration>',
      'give up if no peer has unchoked us',
      `${CHOKED_RACE_MS / 1_000}s`,
    )
    .action(async (source: string, flags: Flags) =>
      setStatus(await (await import('../runs/runs.ts')).runRace(source, flags)),
    );
}
