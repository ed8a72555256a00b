/** Options that several commands share: how they are written. `settings-from-flags.ts` reads them. */
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { MAX_HASHERS } from '../../../shared/limits.ts';
import { ENCRYPTIONS, type Encryption, STRATEGIES, type Strategy } from '../../../shared/messages.ts';
import { WELL_KNOWN_NODES } from '../../discovery/well-known-nodes.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT } from '../../session/settings.ts';

/** As commander gives them: values are texts, switches are there or not. */
export interface RaceFlags {
  readonly strategy: Strategy;
  readonly peer: readonly string[];
  readonly peersFile?: string;
  readonly halfOpen: string;
  readonly dialRate: string;
  readonly maxPeers: string;
  readonly shards: string;
  readonly trackers: boolean;
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
  readonly verbose?: boolean;
}

export const SOURCE_HELP =
  'a .torrent file or a URL of one, a magnet link, an info hash, or - for any of these on stdin';

/** An option that may be given many times; `otherwise` says what holds when it is not given. */
export function many(flags: string, description: string, otherwise = 'none'): Option {
  return new Option(flags, description)
    .argParser((value: string, before: readonly string[]): readonly string[] => [...before, value])
    .default([], otherwise);
}

/** Adds what `get` and `race` have in common. */
export function withRaceOptions(command: Command): Command {
  return command
    .optionsGroup('The race:')
    .addOption(
      new Option('--strategy <strategy>', 'how peers are raced')
        .choices([...STRATEGIES])
        .default(DEFAULT_TORRENT.strategy),
    )
    .optionsGroup('Peers:')
    .addOption(many('--peer <host:port>', 'a peer to try; may be given many times'))
    .option('--peers-file <file>', 'peers to try, one HOST:PORT a line')
    .optionsGroup('The race:')
    .option(
      '--half-open <n>',
      'connections on the way at one time; 0 is unlimited',
      String(DEFAULT_SESSION.halfOpen),
    )
    .option('--dial-rate <n>', 'new connections a second; 0 is unlimited', String(DEFAULT_SESSION.dialRate))
    .option(
      '--max-peers <n>',
      'peers to download from at one time; 0 is unlimited',
      String(DEFAULT_SESSION.maxPeers),
    )
    .option('--shards <n>', 'threads that talk to peers', String(DEFAULT_SESSION.shards))
    .optionsGroup('The network:')
    .addOption(
      new Option(
        '--encryption <how>',
        'prefer: plain first, and encrypted where that is refused; require: encrypted only; off: plain only',
      )
        .choices([...ENCRYPTIONS])
        .default(DEFAULT_SESSION.encryption),
    )
    .optionsGroup('Peers:')
    .option('--no-trackers', 'ask no tracker: only the peers named')
    .optionsGroup('The network:')
    .option(
      '--proxy <url>',
      'socks5://HOST:PORT for everything, or http://HOST:PORT for trackers and web seeds, and then no peers; nothing goes past it',
    )
    .option('--interface <address>', 'the address of this machine to connect from and to listen at')
    .optionsGroup('Peers:')
    .option(
      '--announce-all',
      'ask all trackers of every tier, not the first of each that answers; not of a private torrent',
    )
    .option('--blocklist <file>', 'addresses to have nothing to do with: P2P text, ipfilter.dat or CIDR')
    .option('--no-dht', 'ask no distributed hash table')
    .addOption(
      many(
        '--dht-bootstrap <host:port>',
        'a node to begin with; may be given many times',
        WELL_KNOWN_NODES.map(({ host, port }) => `${host}:${port}`).join(', '),
      ),
    )
    .option('--no-lsd', 'ask nobody on the local network')
    .option('--no-pex', 'exchange no peers with peers')
    .optionsGroup('The network:')
    .option(
      '--no-utp',
      'TCP only; otherwise uTP is tried as well where TCP has not connected in half a second',
    )
    .optionsGroup('What is told:')
    .option('--report <file>', 'write the race as a page to look at (HTML, needs nothing else)')
    .option('--json', 'results as JSON, one object a line, on stdout')
    .option('--show-secrets', 'show URLs whole; otherwise only scheme, domain and port')
    .option('-v, --verbose', 'more news on stderr: threads, memory, how large write calls are')
    .option('--quiet', 'no progress and no news on stderr');
}

export const hashersOption = (): Option =>
  new Option('--hashers <n>', 'threads that verify and write pieces').default(
    String(DEFAULT_SESSION.hashers),
  );

export const allCoresOption = (): Option =>
  new Option('--hashers <n>', 'threads that hash').default(
    String(Math.min(MAX_HASHERS, availableParallelism())),
  );

/** A time as an option takes it. */
export function seconds(ms: number): string {
  return `${ms / 1_000}s`;
}
