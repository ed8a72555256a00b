/** `unchoke doctor`: can we get the data of this torrent, and if not, why not? It fetches only test blocks. */
import type { Command } from 'commander';
import { DEFAULT_DOCTOR_MS } from '../../../shared/limits.ts';
import { type RaceFlags, SOURCE_HELP, seconds, withRaceOptions } from './options.ts';

export interface DoctorFlags extends RaceFlags {
  readonly for: string;
}

export function doctorCommand(
  program: Command,
  run: (source: string, flags: DoctorFlags) => Promise<void>,
): void {
  withRaceOptions(program.command('doctor'))
    .description('find out why a download does not start: causes, figures, advice')
    .argument('<source>', SOURCE_HELP)
    .optionsGroup('Race:')
    .option('--for <duration>', 'how long to try', seconds(DEFAULT_DOCTOR_MS))
    .action(run);
}
