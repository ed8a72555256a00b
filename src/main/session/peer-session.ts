/**
 * The peers of one torrent, for whatever command: a race, all the ways by which it hears of addresses, and, for a magnet
 * link, the search for its metadata over the very connections that are raced.
 */
import { monotonicMs } from '../../shared/clock.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { PeerIndex, TorrentId } from '../../shared/indices.ts';
import { CHOKED_DOWNLOAD_MS, CHOKED_RACE_MS, NETWORK_POLL_MS } from '../../shared/limits.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import { ownAddresses } from '../../shared/own-addresses.ts';
import type { TrackerNews } from '../discovery/announcer.ts';
import { Discovery } from '../discovery/discovery.ts';
import type { Need } from '../discovery/need.ts';
import { SharedDiscovery } from '../discovery/shared-discovery.ts';
import type { MetadataSearch } from '../metadata/metadata-fetch.ts';
import { MetadataRace } from '../metadata/metadata-race.ts';
import type { HttpClient } from '../network/http-client.ts';
import { CLIENT_NAME, NO_LISTENING_PORT, newPeerId } from '../network/identity.ts';
import { type NetworkReturn, NetworkWatch } from '../network/network-watch.ts';
import { socksOf } from '../network/route.ts';
import { descriptorBudget } from '../pools/descriptors.ts';
import { ShardPool } from '../pools/shard-pool.ts';
import { StoragePool } from '../pools/storage-pool.ts';
import { WebSeedPool } from '../pools/web-seed-pool.ts';
import { phaseTotals } from '../race/phase-totals.ts';
import { Race } from '../race/race.ts';
import type { Unchoke } from '../race/race-options.ts';
import { shardShare } from '../race/sharding.ts';
import { metainfoOf } from '../torrent/from-metadata.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { Source } from '../torrent/source.ts';
import { peerLimits } from './peer-limits.ts';
import {
  acceptsPeers,
  dhtPlanOf,
  keptPeers,
  routeOf,
  type SessionSettings,
  shardsFor,
  type TorrentSettings,
} from './settings.ts';

/** What trackers are told is left while the size is unknown: not 0, which would say that we are a seed. */
export const UNKNOWN_LEFT_BYTES = 16_384;

export interface SessionOptions {
  readonly source: Source;
  readonly session: SessionSettings;
  readonly torrent: TorrentSettings;
  readonly http: HttpClient;
  /** Download from no more peers than `maxPeers`, and dial lost ones again. A race alone does neither. */
  readonly downloads: boolean;
  /** Downloads of this process at one time share all limits. The place of this one among them, from 0. */
  readonly lanes: number;
  readonly lane: number;
}

export interface SessionListener {
  /** Counters for trackers, in bytes; `fetched`: what web seeds have sent, verified or not. */
  progress(): { readonly downloaded: number; readonly left: number; readonly fetched: number };
  onFirstUnchoke(unchoke: Unchoke, ms: number): void;
  onClosed(outcomes: readonly PeerOutcome[]): void;
  onBanned(peer: PeerIndex): void;
  onShardLost(error: unknown): void;
  onNews(news: TrackerNews): void;
  /** Others may connect to us at this port. */
  onListening(port: number): void;
  /** The network was away: what waits because it failed may be tried again. */
  onNetworkBack(back: NetworkReturn): void;
  /** A bug of ours that no new thread mends. */
  onBug(error: unknown): void;
}

export class PeerSession {
  readonly webSeeds: WebSeedPool;
  readonly race: Race;
  readonly discovery: Discovery;
  readonly shards: number;
  readonly storage: StoragePool;
  readonly #shards: ShardPool;
  readonly #source: Source;
  readonly #carriesPeers: boolean;
  readonly #metadata: MetadataRace | null;
  readonly #network = new NetworkWatch(monotonicMs());
  readonly #announces = { answered: 0, failed: 0 };
  readonly #networkTimer: NodeJS.Timeout | null;

  /** Starts the threads of the race. */
  constructor(options: SessionOptions, listener: SessionListener) {
    const { source, session, torrent, lanes } = options;
    const route = routeOf(session);
    const socks = socksOf(route);
    // Nothing goes past a proxy: what it does not carry is off.
    const direct = route.proxy === null;
    this.#carriesPeers = direct || socks !== null;
    const dht = dhtPlanOf(session);
    this.webSeeds = new WebSeedPool({ route, clientName: CLIENT_NAME });
    this.#source = source;
    this.shards = shardsFor(session, torrent);
    const budget = descriptorBudget(this.shards, options.downloads ? session.hashers : 0, lanes);
    this.storage = new StoragePool({ threads: session.hashers, openFiles: budget.filesPerHasher });
    const limits = peerLimits(session, budget, lanes);
    // Of a magnet link it is not known at first: shards stop when they learn it.
    const isPrivate = source.kind === 'torrent' && source.metainfo.private;
    const known = source.kind === 'torrent' ? source.metainfo : source.magnet;
    const peerId = newPeerId();
    this.#metadata = source.kind === 'magnet' ? new MetadataRace(known.infoHash, () => this.race) : null;
    this.#shards = new ShardPool({
      shards: this.shards,
      template: {
        clientName: CLIENT_NAME,
        encryption: session.encryption,
        proxy: socks,
        localAddress: route.localAddress,
        utp: session.utp && direct,
      },
      shareOf: (position) => shardShare(limits, position, this.shards),
    });
    this.race = new Race(
      {
        infoHash: known.infoHash,
        peerId,
        strategy: torrent.strategy,
        keep: keptPeers(torrent),
        maxPeers: options.downloads ? limits.maxPeers : 0,
        chokedTimeoutMs: options.downloads ? CHOKED_DOWNLOAD_MS : CHOKED_RACE_MS,
        reconnect: options.downloads,
        blocklist: session.blocklist,
        pex: session.pex && !isPrivate,
        dht: dht !== null && !isPrivate && direct,
        onDhtNode: (host, port) => this.discovery.meetNode({ host, port }),
      },
      this.#shards,
    );
    this.#listenToRace(listener);
    this.discovery = new Discovery({
      shared: new SharedDiscovery({
        dht: direct ? dht : null,
        udp: direct ? { from: route.localAddress } : null,
      }),
      infoHash: known.infoHash,
      peerId,
      port: this.#listen(portOf(options), route.localAddress, listener),
      named: torrent.peers,
      linked: source.kind === 'magnet' ? source.magnet.peers : [],
      tiers: session.trackers ? tiersOf(source, session.announceAll) : [],
      private: isPrivate,
      dht: !isPrivate,
      nodes: source.kind === 'torrent' ? source.metainfo.nodes : [],
      lsd: session.lsd && !isPrivate,
      http: options.http,
      need: () => this.#need(listener),
      progress: () => listener.progress(),
      onPeers: (peers, from, namer) => this.#heardOf(peers, from, namer ?? null, listener),
      onNews: (news) => {
        if (news.kind !== 'warned') this.#announces[news.kind] += 1;
        listener.onNews(news);
      },
    });
    if (source.kind === 'magnet' && source.magnet.passedOver.length > 0)
      listener.onNews({
        tracker: 'magnet link',
        kind: 'warned',
        text: `this of it cannot be used and was passed over: ${source.magnet.passedOver.join(', ')}`,
      });
    this.#networkTimer = options.downloads
      ? setInterval(() => this.#lookAtNetwork(listener), NETWORK_POLL_MS)
      : null;
  }

  get torrentId(): TorrentId {
    return this.race.torrent;
  }

  /** The search for the metadata of a magnet link; null where none is needed. */
  get metadataSearch(): MetadataSearch | null {
    return this.#metadata?.search ?? null;
  }

  /**
   * The torrent: at once, or for a magnet link when a peer has sent it, which may be never. Rejects with a `bad-torrent`
   * failure where what peers sent is none that can be used.
   */
  async torrent(): Promise<Metainfo> {
    if (this.#source.kind === 'torrent') return this.#source.metainfo;
    const info = await (this.#metadata as MetadataRace).found;
    const metainfo = metainfoOf(this.#source.magnet, info);
    if (metainfo.private) {
      this.discovery.becamePrivate();
      this.race.becamePrivate();
    }
    return metainfo;
  }

  async stop(): Promise<void> {
    this.#metadata?.stop();
    if (this.#networkTimer !== null) clearInterval(this.#networkTimer);
    await Promise.all([
      this.discovery.stop(),
      this.race.stop().then(() => this.#shards.stop()),
      this.webSeeds.stop(),
    ]);
  }

  #lookAtNetwork(listener: SessionListener): void {
    const { connected, dialed, dialing, choked, unchoked, blockBytes } = phaseTotals(this.race.shardStats);
    const signs = {
      addresses: ownAddresses(),
      inSession: choked + unchoked,
      connected,
      failedDials: dialed - connected - dialing,
      answered: this.#announces.answered,
      failedAnnounces: this.#announces.failed,
      bytes: blockBytes + listener.progress().fetched,
    };
    const back = this.#network.look(signs, monotonicMs());
    if (back === null) return;
    this.#shards.networkBack();
    this.discovery.networkBack();
    listener.onNetworkBack(back);
  }

  #need(listener: SessionListener): Need {
    if (listener.progress().left === 0) return 'nothing';
    const { choked, unchoked } = phaseTotals(this.race.shardStats);
    return choked + unchoked === 0 ? 'peers' : 'data';
  }

  #heardOf(peers: readonly HostPort[], from: string, namer: string | null, listener: SessionListener): void {
    if (this.#carriesPeers) this.race.add(peers, from, namer);
    else if (peers.length > 0)
      listener.onNews({
        tracker: from,
        kind: 'warned',
        text: 'an HTTP proxy carries no peers: none is dialled',
      });
  }

  /** A port that cannot be had is told; the download goes on without. */
  async #listen(port: number | null, host: string | null, listener: SessionListener): Promise<number> {
    if (port === null) return NO_LISTENING_PORT;
    try {
      const bound = await this.#shards.listen(port, host);
      listener.onListening(bound);
      return bound;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      listener.onNews({
        tracker: `port ${port}`,
        kind: 'failed',
        text: `nobody can connect to us (${reason})`,
      });
      return NO_LISTENING_PORT;
    }
  }

  #listenToRace(listener: SessionListener): void {
    this.race.subscribe({
      onFirstUnchoke: (unchoke, ms) => listener.onFirstUnchoke(unchoke, ms),
      onClosed: (outcomes) => {
        this.#metadata?.closed(outcomes);
        listener.onClosed(outcomes);
      },
      onBanned: (peer) => listener.onBanned(peer),
      onMetadataOffer: (peer, bytes) => this.#metadata?.offered(peer, bytes),
      onMetadataPart: (peer, part) => this.#metadata?.arrived(peer, part),
      onShardLost: (_, error) => listener.onShardLost(error),
      onBug: (error) => listener.onBug(error),
    });
  }
}

/** Downloads that run at one time listen at ports next to each other; 0 is a free one, null none. */
function portOf({ session: { port, proxy }, torrent, lane }: SessionOptions): number | null {
  if (proxy !== null || !acceptsPeers(torrent)) return null;
  return port === null || port === 0 ? port : port + lane;
}

/** All trackers of a magnet link are asked at once, each a tier by itself: nothing says that they come in tiers. */
function tiersOf(source: Source, all: boolean): readonly (readonly string[])[] {
  const tiers = source.kind === 'torrent' ? source.metainfo.trackers : [source.magnet.trackers];
  return all || source.kind === 'magnet' ? tiers.flat().map((url) => [url]) : tiers;
}
