/** The definitions of options that several commands share. `settings-from-flags.ts` reads their values. */
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import {
  DEFAULT_DIAL_RATE_PER_S,
  DEFAULT_HALF_OPEN_PEERS,
  DEFAULT_MAX_SHARDS,
  MAX_HASHERS,
  SERVER_DIAL_RATE_PER_S,
  SERVER_HALF_OPEN_PEERS,
} from '../../../shared/limits.ts';
import { ENCRYPTIONS, type Encryption, STRATEGIES, type Strategy } from '../../../shared/messages.ts';
import { WELL_KNOWN_NODES } from '../../discovery/well-known-nodes.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT } from '../../session/settings.ts';
import { NO_DEFAULT } from '../option-text.ts';
import { COLOUR_CHOICES, type ColourChoice } from '../output/paint.ts';

/** As commander gives them: a value is a text; a switch is present or absent. */
export interface RaceFlags {
  readonly strategy: Strategy;
  readonly peer: readonly string[];
  readonly peersFile?: string;
  readonly halfOpen?: string;
  readonly dialRate?: string;
  readonly maxPeers: string;
  readonly shards: string;
  readonly trackers: boolean;
  readonly tracker: readonly string[];
  readonly pex: boolean;
  readonly utp: boolean;
  readonly report?: string;
  readonly announceAll?: boolean;
  readonly blocklist?: string;
  readonly proxy?: string;
  readonly interface?: string;
  readonly dht: boolean;
  readonly dhtBootstrap: readonly string[];
  readonly lsd: boolean;
  readonly encryption: Encryption;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: number;
  readonly color: ColourChoice;
}

export const SOURCE_HELP =
  'a .torrent file or its URL, a magnet link, an info hash, or - to read one of these from stdin';

/** An option that may be given many times; `otherwise` is the default in words. */
export function many(flags: string, description: string, otherwise = NO_DEFAULT): Option {
  return new Option(flags, description)
    .argParser((value: string, before: readonly string[]): readonly string[] => [...before, value])
    .default([], otherwise);
}

/** The default in words: the manual page is made on one machine and read on another. */
const HALF_OF_CORES = `half of the cores, at most ${DEFAULT_MAX_SHARDS}`;

/** What `dial-limits.ts` chooses if the user does not. */
const byPlace = (careful: number, server: number): string =>
  `(default: ${careful}, or ${server} with a public IPv4 address)`;

/** Of the commands that can write the page. */
export const reportOption = (): Option =>
  new Option('--report <file>', 'write the race as a web page (one HTML file)');

/** Adds the options that `get` and `race` share. */
export function withRaceOptions(command: Command): Command {
  return withPeerOptions(
    command
      .optionsGroup('Race:')
      .addOption(
        new Option('--strategy <strategy>', 'how to race the peers')
          .choices([...STRATEGIES])
          .default(DEFAULT_TORRENT.strategy),
      ),
  )
    .optionsGroup('Race:')
    .option(
      '--max-peers <n>',
      'peers to download from at one time; 0 is unlimited',
      String(DEFAULT_SESSION.maxPeers),
    );
}

/** Adds the form of what is printed. */
export function withOutputForm(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .option('--json', 'print results as JSON on stdout, one object per line')
    .option('--show-secrets', 'show whole URLs; otherwise only scheme, domain and port')
    .addOption(
      new Option('--color <when>', 'colours on a terminal; auto: if it has them and NO_COLOR is not set')
        .choices([...COLOUR_CHOICES])
        .default('auto'),
    );
}

/** Adds the options that they share with `share`, too. */
export function withPeerOptions(command: Command): Command {
  return withOutputForm(
    command
      .optionsGroup('Peers:')
      .addOption(many('--peer <host:port>', 'a peer to try; may be repeated'))
      .option('--peers-file <file>', 'a text file with peers to try, one HOST:PORT per line')
      .optionsGroup('Race:')
      .option(
        '--half-open <n>',
        `connections that may be opening at one time; 0 is unlimited ${byPlace(DEFAULT_HALF_OPEN_PEERS, SERVER_HALF_OPEN_PEERS)}`,
      )
      .option(
        '--dial-rate <n>',
        `new connections per second; 0 is unlimited ${byPlace(DEFAULT_DIAL_RATE_PER_S, SERVER_DIAL_RATE_PER_S)}`,
      )
      .addOption(
        new Option('--shards <n>', 'threads that talk to peers').default(
          String(DEFAULT_SESSION.shards),
          HALF_OF_CORES,
        ),
      )
      .optionsGroup('Network:')
      .addOption(
        new Option(
          '--encryption <how>',
          'prefer: plain first, then encrypted if the peer closes the connection; require: encrypted only; off: plain only',
        )
          .choices([...ENCRYPTIONS])
          .default(DEFAULT_SESSION.encryption),
      )
      .optionsGroup('Peers:')
      .addOption(many('--tracker <url>', 'one more tracker to ask; may be repeated'))
      .option('--no-trackers', 'ask only the trackers of --tracker')
      .optionsGroup('Network:')
      .option(
        '--proxy <url>',
        'socks5://HOST:PORT carries everything; http://HOST:PORT carries trackers and web seeds, and no peers; nothing bypasses the proxy',
      )
      .option('--interface <address>', 'the address of this machine to connect from and to listen on')
      .optionsGroup('Peers:')
      .option(
        '--announce-all',
        'ask all trackers of every tier, not only the first that answers; ignored for private torrents',
      )
      .option(
        '--blocklist <file>',
        'never connect to these addresses and accept nothing from them: P2P text, ipfilter.dat or CIDR',
      )
      .option('--no-dht', 'do not use the DHT')
      .addOption(
        many(
          '--dht-bootstrap <host:port>',
          'a first DHT node; may be repeated',
          WELL_KNOWN_NODES.map(({ host, port }) => `${host}:${port}`).join(', '),
        ),
      )
      .option('--no-lsd', 'do not look for peers on the local network')
      .option('--no-pex', 'do not exchange peer addresses with peers')
      .optionsGroup('Network:')
      .option(
        '--no-utp',
        'use TCP only; otherwise uTP is tried as well when TCP has not connected after half a second',
      ),
  )
    .option(
      '-v, --verbose',
      'print details on stderr: threads, memory, limits of dials; with -vv also what each peer does',
      (_text: string, level?: number) => (level ?? 0) + 1,
    )
    .option('-q, --quiet', 'print nothing but errors');
}

export const hashersOption = (): Option =>
  new Option('--hashers <n>', 'threads that verify and write pieces').default(
    String(DEFAULT_SESSION.hashers),
    HALF_OF_CORES,
  );

export const allCoresOption = (): Option =>
  new Option('--hashers <n>', 'threads that hash').default(
    String(Math.min(MAX_HASHERS, availableParallelism())),
    'the number of cores',
  );

/** A time in the form that an option takes. */
export function seconds(ms: number): string {
  return `${ms / 1_000}s`;
}
