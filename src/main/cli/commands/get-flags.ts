/** The flags of `unchoke get`. */
import { type Command, Option } from 'commander';
import { DEFAULT_PARALLEL_DOWNLOADS } from '../../../shared/limits.ts';
import { MEMORY_DEFAULT } from '../../download/memory.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT } from '../../session/settings.ts';
import {
  hashersOption,
  many,
  type RaceFlags,
  reportOption,
  SOURCE_HELP,
  seconds,
  withRaceOptions,
} from './options.ts';

export interface GetFlags extends RaceFlags {
  readonly output: string;
  readonly select: readonly string[];
  readonly sequential?: boolean;
  readonly overwrite?: boolean;
  readonly part?: boolean;
  readonly dryRun?: boolean;
  readonly choose?: boolean;
  readonly journalKey?: string;
  readonly preallocate: 'none' | 'full';
  readonly reuse: readonly string[];
  readonly keep?: string;
  readonly uploadLimit: string;
  readonly downloadLimit: string;
  readonly seed?: boolean;
  readonly seedRatio?: string;
  readonly seedTime?: string;
  readonly hashers: string;
  readonly memory?: string;
  readonly firstUnchokeTimeout: string;
  readonly idleTimeout: string;
  readonly port: string;
  readonly listen: boolean;
  readonly nat?: boolean;
  readonly webseeds: boolean;
  readonly saveTorrent?: string;
  readonly parallel: string;
  readonly onComplete?: string;
  readonly metrics?: string;
  readonly log?: string;
  readonly metricsPort?: string;
  readonly cluster?: string;
  readonly clusterNodes?: string;
  readonly clusterSize?: string;
  readonly clusterSecretFile?: string;
  readonly clusterWait?: boolean;
  readonly clusterTimeout: string;
  readonly sha256?: string;
}

/** Adds arguments and flags to the command `get`. */
export function defineGet(command: Command): Command {
  return withGetOptions(command, { hasParts: false })
    .description('download one or more torrents')
    .argument(
      '<source...>',
      `${SOURCE_HELP}; a folder of .torrent files; or @FILE, a text file with one source per line`,
    );
}

/**
 * `hasParts`: a file is called `NAME.part` until the download is verified, unless the user says otherwise. `--select` or `--choose` on the
 * command line switches off the other one in the environment or the config file.
 */
export function withGetOptions(command: Command, { hasParts }: { readonly hasParts: boolean }): Command {
  return withRaceOptions(command)
    .optionsGroup('Download:')
    .option(
      '--download-limit <rate>',
      'fetch at most so many bytes per second: from peers and web seeds, of all torrents together, such as 400K or 2M; 0 is unlimited',
      String(DEFAULT_SESSION.downloadLimit),
    )
    .option(
      '--save-torrent <file>',
      'with a magnet link, or a torrent without hashes of pieces: save it whole to this file',
    )
    .option(
      '--on-complete <program>',
      'run this program when a download is complete, without a shell or arguments; the variables UNCHOKE_DONE_NAME, _PATH, _BYTES and _INFO_HASH describe the download',
    )
    .option(
      '--parallel <n>',
      'with several sources: how many run at one time; they share all limits',
      String(DEFAULT_PARALLEL_DOWNLOADS),
    )
    .option(
      '--dry-run',
      'show the plan and write nothing: the files, their place, the space that they need, the sources and the port',
    )
    .option('-o, --output <dir>', 'the folder to download into', DEFAULT_TORRENT.output)
    .option('--overwrite', 'replace existing files that do not belong to the torrent; never follows links')
    .addOption(
      new Option(
        '--part',
        `call a file NAME.part until the download is verified${hasParts ? '; this is the default' : ''}`,
      ).default(hasParts ? true : undefined),
    )
    .option('--no-part', 'give files their names at once, whatever the configuration says')
    .option(
      '--journal-key <file>',
      'the key that signs journals; name one file for all machines that share a disk; created if missing',
    )
    .addOption(
      many(
        '--select <name|glob|index>',
        'download only these files (see unchoke inspect); may be repeated',
        'all',
      ).implies({ choose: false }),
    )
    .addOption(
      new Option('--choose', 'choose on the terminal which files to download').implies({ select: [] }),
    )
    .addOption(
      new Option('--preallocate <how>', 'none: create sparse files; full: reserve the disk space first')
        .choices(['none', 'full'])
        .default(DEFAULT_TORRENT.preallocate),
    )
    .addOption(
      many(
        '--reuse <dir>',
        'take pieces that are known from the files in this folder, such as an older version: by hash, and the folder is only read; may be repeated',
      ),
    )
    .option('--sequential', 'fetch pieces in order instead of the rarest first')
    .option(
      '--keep <n>',
      'drop all other peers after this many unchokes; 0 keeps all (default: 0; 1 with the other strategies)',
    )
    .addOption(hashersOption())
    .option('--memory <size>', `memory for pieces that are not yet on disk (default: ${MEMORY_DEFAULT})`)
    .optionsGroup('Upload:')
    .option('--seed', 'when complete, give it to peers until Ctrl-C')
    .option('--seed-ratio <number>', 'the same, until peers got so many times its size, such as 1.5')
    .option('--seed-time <duration>', 'the same, for this time, such as 30m or 12h')
    .option(
      '--upload-limit <rate>',
      'give peers at most so many bytes per second: of all torrents together, such as 400K or 2M; 0 is unlimited',
      String(DEFAULT_SESSION.uploadLimit),
    )
    .optionsGroup('Cluster:')
    .option(
      '--cluster <name>',
      'download it together with other machines that give the same name: each fetches its part from outside, and the rest from the others; the port is 6881 unless --port says another one',
    )
    .option(
      '--cluster-nodes <list>',
      'names or addresses of the machines, HOST or HOST:PORT, with commas or spaces between them; this machine may be among them, and one that can be reached is enough',
    )
    .option(
      '--cluster-secret-file <file>',
      'the secret that keeps strangers out, in a file (or in the variable UNCHOKE_CLUSTER_SECRET)',
    )
    .option('--cluster-wait', 'end only when all machines are complete')
    .option('--cluster-size <n>', 'how many machines there are (default: as many as --cluster-nodes names)')
    .option(
      '--cluster-timeout <duration>',
      'once complete, wait no longer than this for other machines; 0 waits forever',
      '0',
    )
    .option(
      '--sha256 <hex>',
      'SOURCE is the URL of any file, which must have this SHA-256: all machines share the work at once, and each checks the whole file at the end',
    )
    .optionsGroup('Output:')
    .addOption(reportOption())
    .option('--log <file>', 'add a line to this file for everything that happens, with the time')
    .option(
      '--metrics <file>',
      'write metrics as Prometheus text to this file, every 15 s and at the end (for the textfile collector)',
    )
    .option('--metrics-port <n>', 'serve the same metrics at http://127.0.0.1:N/metrics; 0 takes a free port')
    .optionsGroup('Network:')
    .option(
      '--port <n>',
      'the port for incoming connections of all torrents; 0 takes a free port',
      String(DEFAULT_SESSION.port),
    )
    .optionsGroup('Peers:')
    .option('--no-webseeds', 'do not use web seeds (HTTP servers)')
    .optionsGroup('Network:')
    .option('--no-listen', 'accept no incoming connections')
    .option(
      '--nat',
      'ask the router to forward the port (PCP, NAT-PMP, UPnP), so that peers can connect to us; not with --proxy or --interface',
    )
    .option('--no-nat', 'do not ask the router, whatever the configuration says')
    .optionsGroup('Race:')
    .option(
      '--first-unchoke-timeout <duration>',
      'give up if no peer has unchoked us; 0 waits forever',
      seconds(DEFAULT_TORRENT.firstUnchokeTimeout),
    )
    .option(
      '--idle-timeout <duration>',
      'give up after this time without a verified piece; 0 waits forever',
      seconds(DEFAULT_TORRENT.idleTimeout),
    );
}
