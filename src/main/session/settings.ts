/**
 * What a user may set, as typed values. Names are those of the command line's options in camelCase. Sizes are bytes, rates are per
 * second, times are milliseconds. Null means that none is given.
 */
import type { HostPort } from '../../shared/compact-peers.ts';
import type { Route } from '../../shared/http-visitor.ts';
import {
  DEFAULT_DIAL_RATE_PER_S,
  DEFAULT_FIRST_UNCHOKE_TIMEOUT_MS,
  DEFAULT_HALF_OPEN_PEERS,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_MAX_PEERS,
} from '../../shared/limits.ts';
import type { Encryption, Strategy } from '../../shared/messages.ts';
import type { DhtPlan } from '../discovery/shared-discovery.ts';
import { WELL_KNOWN_NODES } from '../discovery/well-known-nodes.ts';
import { defaultThreads } from '../pools/default-threads.ts';
import type { Blocklist } from '../race/blocklist.ts';

/** Of a session: all its torrents share them. */
export interface SessionSettings {
  /** Threads that talk to peers. */
  readonly shards: number;
  /** Threads that verify and write pieces. */
  readonly hashers: number;
  /** Bytes for pieces on their way to the disk. Null: what suits the torrent. */
  readonly memory: number | null;
  /** Connections on the way at one time; 0 is no limit. */
  readonly halfOpen: number;
  /** New connections a second; 0 is no limit. */
  readonly dialRate: number;
  /** Peers to download from at one time; 0 is no limit. */
  readonly maxPeers: number;
  readonly encryption: Encryption;
  readonly utp: boolean;
  /** Exchange peers with peers. */
  readonly pex: boolean;
  /** Local service discovery. */
  readonly lsd: boolean;
  readonly dht: boolean;
  /** Nodes of the DHT to begin with. They replace the well-known ones; none given, those are asked. */
  readonly dhtBootstrap: readonly HostPort[];
  /** Ask trackers. */
  readonly trackers: boolean;
  /** Ask all trackers of every tier, not the first of each that answers. */
  readonly announceAll: boolean;
  /** Fetch from the HTTP servers that a torrent names. */
  readonly webseeds: boolean;
  /** The URL of a SOCKS5 or HTTP proxy. Nothing goes past it. */
  readonly proxy: string | null;
  /** The address of this machine to connect from and to listen at. */
  readonly interface: string | null;
  /** Addresses that are neither dialled nor let in. */
  readonly blocklist: Blocklist | null;
  /** Where others may connect to us; 0 takes a free port, null lets no peer connect. */
  readonly port: number | null;
  /** The file of the secret that journals are signed with. Null: the one of this user. */
  readonly journalKey: string | null;
}

/** Of one torrent. */
export interface TorrentSettings {
  /** The folder to download into. */
  readonly output: string;
  /** Names, globs or indices of files; none given, the torrent or its magnet link decides. */
  readonly select: readonly string[];
  /** Pieces in order instead of the rarest first. */
  readonly sequential: boolean;
  /** Replace files that are there and are not of the torrent. */
  readonly overwrite: boolean;
  /** `full` takes the space on the disk first. */
  readonly preallocate: 'none' | 'full';
  readonly strategy: Strategy;
  /** After this many unchokes all other peers are dropped; 0 keeps racing. Null: as the strategy has it. */
  readonly keep: number | null;
  /** Peers to try, beside those that are found. */
  readonly peers: readonly HostPort[];
  /** Give up when no peer has unchoked us for this long from the start; 0 waits for ever. */
  readonly firstUnchokeTimeout: number;
  /** Give up after this long without a verified piece; 0 waits for ever. */
  readonly idleTimeout: number;
  /** Of a magnet link: the file to keep the torrent in that was found. */
  readonly saveTorrent: string | null;
}

export const DEFAULT_SESSION: SessionSettings = {
  shards: defaultThreads(),
  hashers: defaultThreads(),
  memory: null,
  halfOpen: DEFAULT_HALF_OPEN_PEERS,
  dialRate: DEFAULT_DIAL_RATE_PER_S,
  maxPeers: DEFAULT_MAX_PEERS,
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
  journalKey: null,
};

export const DEFAULT_TORRENT: TorrentSettings = {
  output: '.',
  select: [],
  sequential: false,
  overwrite: false,
  preallocate: 'none',
  strategy: 'first-unchoke',
  keep: null,
  peers: [],
  firstUnchokeTimeout: DEFAULT_FIRST_UNCHOKE_TIMEOUT_MS,
  idleTimeout: DEFAULT_IDLE_TIMEOUT_MS,
  saveTorrent: null,
};

export function routeOf({ proxy, interface: localAddress }: SessionSettings): Route {
  return { proxy, localAddress };
}

/** Nodes of the user's own replace ours and those kept from earlier runs, not those of the torrent and its peers. Null: no DHT. */
export function dhtPlanOf({ dht, dhtBootstrap }: SessionSettings): DhtPlan | null {
  if (!dht) return null;
  const isUsersChoice = dhtBootstrap.length > 0;
  return { bootstrap: isUsersChoice ? dhtBootstrap : WELL_KNOWN_NODES, isUsersChoice };
}

/** The strategy `sequential` needs one thread to be sequential. */
export function shardsFor({ shards }: SessionSettings, { strategy }: TorrentSettings): number {
  return strategy === 'sequential' ? 1 : shards;
}

/** Peers to keep; 0 keeps all. The strategies that work with one peer keep one. */
export function keptPeers({ keep, strategy }: TorrentSettings): number {
  return keep ?? (strategy === 'first-unchoke' ? 0 : 1);
}

/** A download from one peer, or from one peer after the other, lets no other connect to it. */
export function acceptsPeers(torrent: TorrentSettings): boolean {
  return torrent.strategy === 'first-unchoke' && keptPeers(torrent) === 0;
}
