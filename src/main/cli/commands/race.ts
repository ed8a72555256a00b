/** `unchoke race`: which peer unchokes first, and why the others did not. Downloads nothing. */
import { type Command, Option } from 'commander';
import { CHOKED_RACE_MS } from '../../../shared/limits.ts';
import { type RaceFlags, reportOption, SOURCE_HELP, seconds, withRaceOptions } from './options.ts';

const ENDS = ['settled', 'first-unchoke', 'first-block'] as const;
export type RaceEnd = (typeof ENDS)[number];

export interface RaceCommandFlags extends RaceFlags {
  readonly until: RaceEnd;
  readonly firstUnchokeTimeout: string;
}

export function raceCommand(
  program: Command,
  run: (source: string, flags: RaceCommandFlags) => Promise<void>,
): void {
  withRaceOptions(program.command('race'))
    .description('race all peers to the first unchoke and report what happened to each; downloads nothing')
    .argument('<source>', SOURCE_HELP)
    .optionsGroup('Race:')
    .addOption(new Option('--until <end>', 'when to stop').choices([...ENDS]).default('settled'))
    .option(
      '--first-unchoke-timeout <duration>',
      'give up if no peer has unchoked us',
      seconds(CHOKED_RACE_MS),
    )
    .optionsGroup('Output:')
    .addOption(reportOption())
    .action(run);
}
