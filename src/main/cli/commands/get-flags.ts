/** The flags of `unchoke get`. */
import { type Command, Option } from 'commander';
import { DEFAULT_PARALLEL_DOWNLOADS } from '../../../shared/limits.ts';
import { MEMORY_DEFAULT } from '../../download/memory.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT } from '../../session/settings.ts';
import { hashersOption, many, type RaceFlags, SOURCE_HELP, seconds, withRaceOptions } from './options.ts';

export interface GetFlags extends RaceFlags {
  readonly output: string;
  readonly select: readonly string[];
  readonly sequential?: boolean;
  readonly overwrite?: boolean;
  readonly journalKey?: string;
  readonly preallocate: 'none' | 'full';
  readonly keep?: string;
  readonly hashers: string;
  readonly memory?: string;
  readonly firstUnchokeTimeout: string;
  readonly idleTimeout: string;
  readonly port: string;
  readonly listen: boolean;
  readonly webseeds: boolean;
  readonly saveTorrent?: string;
  readonly parallel: string;
  readonly onComplete?: string;
  readonly metrics?: string;
  readonly metricsPort?: string;
}

/** Adds the flags to a command. */
export function defineGet(command: Command): Command {
  return withRaceOptions(command)
    .description('download')
    .argument('<source...>', `${SOURCE_HELP}; or a folder of .torrent files, or @FILE with a source a line`)
    .optionsGroup('The download:')
    .option('--save-torrent <file>', 'of a magnet link: keep the torrent that was found')
    .option(
      '--on-complete <program>',
      'run when a download is complete, without a shell and arguments; UNCHOKE_DONE_NAME, _PATH, _BYTES and _INFO_HASH tell of it',
    )
    .option(
      '--parallel <n>',
      'of several sources: this many at one time; they share all limits',
      String(DEFAULT_PARALLEL_DOWNLOADS),
    )
    .option('-o, --output <dir>', 'the folder to download into', DEFAULT_TORRENT.output)
    .option('--overwrite', 'replace files that are there and are not of the torrent (never through links)')
    .option(
      '--journal-key <file>',
      'the secret that journals are signed with, where several machines share storage; made where it is missing',
    )
    .addOption(
      many('--select <name|glob|index>', 'only these files; may be given many times (see inspect)', 'all'),
    )
    .addOption(
      new Option('--preallocate <how>', 'none: sparse files; full: take the space first')
        .choices(['none', 'full'])
        .default(DEFAULT_TORRENT.preallocate),
    )
    .option('--sequential', 'pieces in order instead of the rarest first')
    .option(
      '--keep <n>',
      'after this many unchokes drop all other peers; 0 keeps racing (1 for the other strategies)',
    )
    .addOption(hashersOption())
    .option('--memory <size>', `memory for pieces on their way to the disk (default: ${MEMORY_DEFAULT})`)
    .optionsGroup('What is told:')
    .option('--metrics <file>', 'figures in Prometheus text, every 15 s and at the end (textfile collector)')
    .option('--metrics-port <n>', 'the same at http://127.0.0.1:N/metrics; 0 takes a free port')
    .optionsGroup('The network:')
    .option('--port <n>', 'where others may connect to us; 0 takes a free port', String(DEFAULT_SESSION.port))
    .optionsGroup('Peers:')
    .option('--no-webseeds', 'fetch from peers only, not from HTTP servers')
    .optionsGroup('The network:')
    .option('--no-listen', 'let nobody connect to us')
    .optionsGroup('The race:')
    .option(
      '--first-unchoke-timeout <duration>',
      'give up when nobody has unchoked us; 0 waits for ever',
      seconds(DEFAULT_TORRENT.firstUnchokeTimeout),
    )
    .option(
      '--idle-timeout <duration>',
      'give up after this long without a verified piece; 0 waits for ever',
      seconds(DEFAULT_TORRENT.idleTimeout),
    );
}
