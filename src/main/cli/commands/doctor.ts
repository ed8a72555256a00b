/** `unchoke doctor`: is there a way to this torrent's data, and if not, why not? Downloads nothing but one block. */
import type { Command } from 'commander';
import { DEFAULT_DOCTOR_MS } from '../../../shared/limits.ts';
import type { Flags } from '../runs/run-doctor.ts';
import { SOURCE_HELP, withRaceOptions } from './options.ts';

export function doctorCommand(program: Command, setStatus: (status: number) => void): void {
  withRaceOptions(program.command('doctor'))
    .description('find out why a download does not start: causes, figures, advice')
    .argument('<source>', SOURCE_HELP)
    .option('--for <duration>', 'how long to try', `${DEFAULT_DOCTOR_MS / 1_000}s`)
    .action(async (source: string, flags: Flags) =>
      setStatus(await (await import('../runs/runs.ts')).runDoctor(source, flags)),
    );
}
