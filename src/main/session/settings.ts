/**
 * The user's settings as typed values. The names are those of the command line's options in camelCase. Sizes are in bytes, rates
 * per second, times in milliseconds. Null means that no value is given.
 */
import type { HostPort } from '../../shared/compact-peers.ts';
import type { Route } from '../../shared/http-visitor.ts';
import {
  DEFAULT_FIRST_UNCHOKE_TIMEOUT_MS,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_MAX_PEERS,
} from '../../shared/limits.ts';
import type { Encryption, Strategy } from '../../shared/messages.ts';
import type { ClusterSettings } from '../cluster/cluster-settings.ts';
import type { DhtPlan } from '../discovery/shared-discovery.ts';
import { WELL_KNOWN_NODES } from '../discovery/well-known-nodes.ts';
import { defaultThreads } from '../pools/default-threads.ts';
import type { Blocklist } from '../race/blocklist.ts';
import type { PlainFiles } from '../torrent/source.ts';

/** Settings of a session, shared by all its torrents. */
export interface SessionSettings {
  /** Threads that talk to peers. */
  readonly shards: number;
  /** Threads that verify and write pieces. */
  readonly hashers: number;
  /** Bytes for pieces that are not yet on disk. Null: enough for the torrent. */
  readonly memory: number | null;
  /** Connections that may be opening at one time; 0 is no limit. Null: 500, or 2,000 with a public IPv4 address. */
  readonly halfOpen: number | null;
  /** New connections per second; 0 is no limit. Null: 500, or 2,000 with a public IPv4 address. */
  readonly dialRate: number | null;
  /** Peers to download from at one time; 0 is no limit. */
  readonly maxPeers: number;
  /** Bytes per second given to peers, of all torrents together; 0 is no limit. */
  readonly uploadLimit: number;
  /** Bytes per second requested from peers and web seeds, of all torrents together; 0 is no limit. */
  readonly downloadLimit: number;
  readonly encryption: Encryption;
  readonly utp: boolean;
  /** Exchange peers with peers. */
  readonly pex: boolean;
  /** Local service discovery. */
  readonly lsd: boolean;
  readonly dht: boolean;
  /** First nodes of the DHT. They replace the well-known ones; if the list is empty, those are used. */
  readonly dhtBootstrap: readonly HostPort[];
  /** Ask trackers. */
  readonly trackers: boolean;
  /** Ask all trackers of every tier, not only the first that answers. */
  readonly announceAll: boolean;
  /** Fetch from the web seeds (HTTP servers) of a torrent. */
  readonly webseeds: boolean;
  /** The URL of a SOCKS5 or HTTP proxy. Nothing bypasses it. */
  readonly proxy: string | null;
  /** The address of this machine to connect from and to listen on. */
  readonly interface: string | null;
  /** Addresses that are never dialled or accepted. */
  readonly blocklist: Blocklist | null;
  /** The port for incoming peers; 0 takes a free port, null accepts no peers. */
  readonly port: number | null;
  /**
   * Ask the router to forward the port (PCP, NAT-PMP, UPnP), so that peers can connect to us. Only true asks; null leaves the choice
   * to the command. Never with `proxy` or `interface`, and never without `port`.
   */
  readonly nat: boolean | null;
  /** The file of the key that signs journals. Null: the key of this user. */
  readonly journalKey: string | null;
}

/** When a complete torrent is no longer given to peers. Null: there is no such end. */
export interface SeedGoals {
  /** So many times the bytes of the torrent were given. */
  readonly ratio: number | null;
  /** Milliseconds since it was complete. */
  readonly time: number | null;
}

/** Settings of one torrent. */
export interface TorrentSettings {
  /** The folder to download into. */
  readonly output: string;
  /** Names, globs or indices of files. If the list is empty, the torrent or its magnet link decides. */
  readonly select: readonly string[];
  /** Fetch pieces in order instead of the rarest first. */
  readonly sequential: boolean;
  /** Replace existing files that do not belong to the torrent. */
  readonly overwrite: boolean;
  /** A file is called `NAME.part` until all of the download is verified. */
  readonly part: boolean;
  /** `full` reserves the disk space first. */
  readonly preallocate: 'none' | 'full';
  /** Folders with older versions or other copies: pieces that they have are taken from there. They are only read. */
  readonly reuse: readonly string[];
  readonly strategy: Strategy;
  /** Drop all other peers after this many unchokes; 0 keeps all. Null: the default of the strategy. */
  readonly keep: number | null;
  /** Peers to try, beside those that discovery finds. */
  readonly peers: readonly HostPort[];
  /** URLs of trackers to ask beside those of the torrent. They are asked also if `trackers` is false. */
  readonly tracker: readonly string[];
  /** Give up if no peer has unchoked us after this time; 0 waits for ever. */
  readonly firstUnchokeTimeout: number;
  /** Give up after this time without a verified piece; 0 waits for ever. */
  readonly idleTimeout: number;
  /** With a magnet link: save the torrent to this file. */
  readonly saveTorrent: string | null;
  /** Give the torrent to peers when it is complete. Null: it ends then. */
  readonly seed: SeedGoals | null;
  /** Other machines download it as well: each fetches its part from outside, and the rest from the others. Null: there are none. */
  readonly cluster: ClusterSettings | null;
  /** With a cluster and the URL of a plain file: the SHA-256 of the file, in hexadecimal. */
  readonly sha256: string | null;
}

export const DEFAULT_SESSION: SessionSettings = {
  shards: defaultThreads(),
  hashers: defaultThreads(),
  memory: null,
  halfOpen: null,
  dialRate: null,
  maxPeers: DEFAULT_MAX_PEERS,
  uploadLimit: 0,
  downloadLimit: 0,
  encryption: 'prefer',
  utp: true,
  pex: true,
  lsd: true,
  dht: true,
  dhtBootstrap: [],
  trackers: true,
  announceAll: false,
  webseeds: true,
  proxy: null,
  interface: null,
  blocklist: null,
  port: 0,
  nat: null,
  journalKey: null,
};

export const DEFAULT_TORRENT: TorrentSettings = {
  output: '.',
  select: [],
  sequential: false,
  overwrite: false,
  part: false,
  preallocate: 'none',
  reuse: [],
  strategy: 'first-unchoke',
  keep: null,
  peers: [],
  tracker: [],
  firstUnchokeTimeout: DEFAULT_FIRST_UNCHOKE_TIMEOUT_MS,
  idleTimeout: DEFAULT_IDLE_TIMEOUT_MS,
  saveTorrent: null,
  seed: null,
  cluster: null,
  sha256: null,
};

export function routeOf({ proxy, interface: localAddress }: SessionSettings): Route {
  return { proxy, localAddress };
}

/** Why the router cannot be asked with these settings; null if it can. The words follow the name of the setting. */
export function natObstacle({
  proxy,
  interface: localAddress,
  port,
}: Pick<SessionSettings, 'proxy' | 'interface' | 'port'>): string | null {
  if (proxy !== null) return 'with a proxy: nothing bypasses it, and no peer connects to us';
  if (localAddress !== null)
    return 'with an address of yours: its router may be another than that of the default route';
  return port === null ? 'without a port for incoming connections' : null;
}

/** Nodes of the user replace the well-known ones and those of earlier runs, but not those of torrents and peers. Null: no DHT. */
export function dhtPlanOf({ dht, dhtBootstrap }: SessionSettings): DhtPlan | null {
  if (!dht) return null;
  const isUsersChoice = dhtBootstrap.length > 0;
  return { bootstrap: isUsersChoice ? dhtBootstrap : WELL_KNOWN_NODES, isUsersChoice };
}

/** The strategy `sequential` dials one peer at a time, so it needs a single shard. */
export function shardsFor({ shards }: SessionSettings, { strategy }: TorrentSettings): number {
  return strategy === 'sequential' ? 1 : shards;
}

/** Peers to keep; 0 keeps all. The strategies that work with one peer keep one. */
export function keptPeers({ keep, strategy }: TorrentSettings): number {
  return keep ?? (strategy === 'first-unchoke' ? 0 : 1);
}

/** A strategy that works with one peer at a time accepts no incoming peers. */
export function acceptsPeers(torrent: TorrentSettings): boolean {
  return torrent.strategy === 'first-unchoke' && keptPeers(torrent) === 0;
}

/** Only a cluster fetches files that have no torrent. */
export function plainFilesOf({ cluster, sha256 }: TorrentSettings): PlainFiles | null {
  return cluster === null ? null : { sha256 };
}
