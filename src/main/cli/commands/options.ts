/** Options that several commands share: how they are written, read and checked. */
import { availableParallelism, networkInterfaces } from 'node:os';
import { type Command, Option } from 'commander';
import { reachOf } from '../../../shared/address-rules.ts';
import type { HostPort } from '../../../shared/compact-peers.ts';
import type { Route } from '../../../shared/http-visitor.ts';
import {
  DEFAULT_DIAL_RATE_PER_S,
  DEFAULT_HALF_OPEN_PEERS,
  DEFAULT_MAX_PEERS,
  MAX_HASHERS,
  MAX_SHARDS,
  MAX_THREADS,
} from '../../../shared/limits.ts';
import { ENCRYPTIONS, type Encryption, STRATEGIES, type Strategy } from '../../../shared/messages.ts';
import { type SocksProxy, socksProxyOf } from '../../../shared/socks-proxy.ts';
import type { DhtPlan } from '../../discovery/discovery.ts';
import { parsePeer, readPeersFile } from '../../discovery/named-peers.ts';
import { Failure } from '../../failure.ts';
import { defaultThreads } from '../../pools/default-threads.ts';
import type { DescriptorBudget } from '../../pools/descriptors.ts';
import type { PeerLimits } from '../../race/sharding.ts';
import { redactedUrl } from '../../text/foreign-text.ts';
import { parseCount } from '../../text/units.ts';

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
  readonly announceAll: boolean;
  readonly blocklist?: string;
  readonly proxy?: string;
  readonly interface?: string;
  readonly dht: boolean;
  readonly dhtBootstrap: readonly string[];
  readonly lsd: boolean;
  readonly encryption: Encryption;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Nodes that the large clients name, too. */
const DHT_BOOTSTRAP = [
  'router.bittorrent.com:6881',
  'router.utorrent.com:6881',
  'dht.transmissionbt.com:6881',
];

export const SOURCE_HELP =
  'a .torrent file or its URL, a magnet link, an info hash, or - to read one of these from stdin';

/** An option that may be given many times; `otherwise` says what holds when it is not given. */
export function many(flags: string, description: string, otherwise = 'none'): Option {
  return new Option(flags, description)
    .argParser((value: string, before: readonly string[]): readonly string[] => [...before, value])
    .default([], otherwise);
}

/** Adds what `get` and `race` have in common. */
export function withRaceOptions(command: Command): Command {
  return command
    .optionsGroup('Race:')
    .addOption(
      new Option('--strategy <strategy>', 'how to race the peers')
        .choices([...STRATEGIES])
        .default('first-unchoke'),
    )
    .optionsGroup('Peers:')
    .addOption(many('--peer <host:port>', 'a peer to try; may be repeated'))
    .option('--peers-file <file>', 'a text file with peers to try, one HOST:PORT per line')
    .optionsGroup('Race:')
    .option(
      '--half-open <n>',
      'connections that may be opening at one time; 0 is unlimited',
      String(DEFAULT_HALF_OPEN_PEERS),
    )
    .option('--dial-rate <n>', 'new connections per second; 0 is unlimited', String(DEFAULT_DIAL_RATE_PER_S))
    .option(
      '--max-peers <n>',
      'peers to download from at one time; 0 is unlimited',
      String(DEFAULT_MAX_PEERS),
    )
    .option('--shards <n>', 'threads that talk to peers', String(defaultThreads()))
    .optionsGroup('Network:')
    .addOption(
      new Option(
        '--encryption <how>',
        'prefer: plain first, then encrypted if the peer closes the connection; require: encrypted only; off: plain only',
      )
        .choices([...ENCRYPTIONS])
        .default('prefer'),
    )
    .optionsGroup('Peers:')
    .option('--no-trackers', 'ask no trackers')
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
      false,
    )
    .option(
      '--blocklist <file>',
      'never connect to these addresses and accept nothing from them: P2P text, ipfilter.dat or CIDR',
    )
    .option('--no-dht', 'do not use the DHT')
    .addOption(
      many('--dht-bootstrap <host:port>', 'a first DHT node; may be repeated', DHT_BOOTSTRAP.join(', ')),
    )
    .option('--no-lsd', 'do not look for peers on the local network')
    .option('--no-pex', 'do not exchange peer addresses with peers')
    .optionsGroup('Network:')
    .option(
      '--no-utp',
      'use TCP only; otherwise uTP is tried as well when TCP has not connected after half a second',
    )
    .optionsGroup('Output:')
    .option('--report <file>', 'write the race as a web page (one HTML file)')
    .option('--json', 'print results as JSON on stdout, one object per line', false)
    .option('--show-secrets', 'show whole URLs; otherwise only scheme, domain and port', false)
    .option('-v, --verbose', 'print details on stderr: threads, memory, size of write calls', false)
    .option('--quiet', 'print only errors on stderr', false);
}

export const hashersOption = (): Option =>
  new Option('--hashers <n>', 'threads that verify and write pieces').default(String(defaultThreads()));

export const allCoresOption = (): Option =>
  new Option('--hashers <n>', 'threads that hash').default(
    String(Math.min(MAX_HASHERS, availableParallelism())),
  );

/** The strategies that work with one peer keep one; sequential needs one thread to be sequential. */
export function shardsOf(flags: RaceFlags): number {
  const shards = parseCount('--shards', flags.shards, 1, MAX_SHARDS);
  return flags.strategy === 'sequential' ? 1 : shards;
}

export function hashersOf({ hashers }: { readonly hashers: string }): number {
  return parseCount('--hashers', hashers, 1, MAX_HASHERS);
}

/** Threads cost memory before they do anything. Throws a usage failure where `lanes` downloads together have too many. */
export function checkThreads(flags: RaceFlags & { readonly hashers: string }, lanes: number): void {
  const [shards, hashers] = [shardsOf(flags), hashersOf(flags)];
  const threads = lanes * (shards + hashers);
  if (threads > MAX_THREADS)
    throw new Failure(
      'usage',
      `--parallel ${lanes}, --shards ${shards} and --hashers ${hashers} make ${threads} threads: more than ${MAX_THREADS}`,
    );
}

/** The part of one of `lanes` downloads. */
export function limitsOf(flags: RaceFlags, budget: DescriptorBudget, lanes: number): PeerLimits {
  // 0 is no limit, and stays none.
  const partOf = (limit: number): number => Math.ceil(limit / lanes);
  return {
    halfOpen: partOf(parseCount('--half-open', flags.halfOpen)),
    dialRatePerS: partOf(parseCount('--dial-rate', flags.dialRate)),
    maxPeers: partOf(parseCount('--max-peers', flags.maxPeers)),
    descriptors: budget.peers,
  };
}

/** How this run reaches the network. Throws a usage failure. */
export function routeOf({ proxy, interface: localAddress }: RaceFlags): Route {
  if (proxy !== undefined && !isProxy(proxy))
    throw new Failure(
      'usage',
      `--proxy ${redactedUrl(proxy)}: not socks5://HOST:PORT or http://HOST:PORT, with USER:PASSWORD@ before HOST if the proxy needs them`,
    );
  if (localAddress !== undefined && !isOurs(localAddress))
    throw new Failure('usage', `--interface ${localAddress}: not an address of this machine`);
  return { proxy: proxy ?? null, localAddress: localAddress ?? null };
}

function isProxy(url: string): boolean {
  if (!/^(?:https?|socks5):\/\/[^/]/i.test(url) || !URL.canParse(url)) return false;
  try {
    return socksProxyOf(url).host !== '';
  } catch {
    // A percent sign that begins nothing.
    return false;
  }
}

/** All of 127.0.0.0/8 is this machine's. */
function isOurs(address: string): boolean {
  if (reachOf(address) === 'loopback') return true;
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address));
}

/** The proxy as peers use it; null where it carries none, or there is none. */
export function socksOf({ proxy }: Route): SocksProxy | null {
  return proxy !== null && /^socks5:/i.test(proxy) ? socksProxyOf(proxy) : null;
}

/** Nodes of the user's own replace ours and those kept from earlier runs, not those of the torrent and its peers. Null: no DHT. */
export function dhtOf(flags: RaceFlags): DhtPlan | null {
  if (!flags.dht) return null;
  const own = flags.dhtBootstrap;
  const bootstrap = (own.length > 0 ? own : DHT_BOOTSTRAP).map((node) => parsePeer(node, '--dht-bootstrap'));
  return { bootstrap, isUsersChoice: own.length > 0 };
}

export function namedPeersOf(flags: RaceFlags): HostPort[] {
  const named = flags.peer.map((text) => parsePeer(text, '--peer'));
  return flags.peersFile === undefined ? named : [...named, ...readPeersFile(flags.peersFile)];
}
