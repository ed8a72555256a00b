/**
 * The peers of one torrent, for whatever command: a race, all the ways by which it hears of addresses, and, for a magnet
 * link, the search for its metadata over the very connections that are raced.
 */
import { monotonicMs } from '../../shared/clock.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { Route } from '../../shared/http-visitor.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { CHOKED_RACE_MS, NETWORK_POLL_MS } from '../../shared/limits.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import { ownAddresses } from '../../shared/own-addresses.ts';
import { dhtOf, limitsOf, namedPeersOf, type RaceFlags, shardsOf, socksOf } from '../cli/commands/options.ts';
import type { Console } from '../cli/output/console.ts';
import type { TrackerNews } from '../discovery/announcer.ts';
import { Discovery } from '../discovery/discovery.ts';
import type { MetadataSearch } from '../metadata/metadata-fetch.ts';
import { MetadataRace } from '../metadata/metadata-race.ts';
import type { HttpClient } from '../network/http-client.ts';
import { CLIENT_NAME, NO_LISTENING_PORT, newPeerId } from '../network/identity.ts';
import { type NetworkReturn, NetworkWatch } from '../network/network-watch.ts';
import { descriptorBudget } from '../pools/descriptors.ts';
import { readBlocklist } from '../race/blocklist.ts';
import { phaseTotals } from '../race/phase-totals.ts';
import { Race } from '../race/race.ts';
import type { RaceListener, Unchoke } from '../race/race-options.ts';
import { formatDuration } from '../text/units.ts';
import { metainfoOf } from '../torrent/from-metadata.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { Source } from '../torrent/source.ts';

/** What trackers are told is left while the size is unknown: not 0, which would say that we are a seed. */
export const UNKNOWN_LEFT_BYTES = 16_384;

export interface SessionOptions {
  readonly source: Source;
  readonly flags: RaceFlags;
  readonly route: Route;
  readonly http: HttpClient;
  /** Winners to keep; 0 keeps everybody in play. */
  readonly keep: number;
  /** Download from no more peers than `--max-peers`, and dial lost ones again. A race alone does neither. */
  readonly downloads: boolean;
  readonly chokedTimeoutMs: number;
  /** The port to accept connections at, 0 for a free one; null accepts none. */
  readonly listenPort: number | null;
  readonly hashers: number;
  /** Downloads of this process at one time: limits are shared out among them. */
  readonly lanes: number;
}

/** Of a session that races, and then is over. */
export const WITHOUT_DOWNLOAD = {
  keep: 0,
  downloads: false,
  listenPort: null,
  chokedTimeoutMs: CHOKED_RACE_MS,
  hashers: 0,
  lanes: 1,
} as const;

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

/** The listener of a command to which news matters, and what breaks; the rest it may put in. */
export function listenerFor(console: Console, onBug: (error: unknown) => void): SessionListener {
  return {
    progress: () => ({ downloaded: 0, left: UNKNOWN_LEFT_BYTES, fetched: 0 }),
    onFirstUnchoke: () => {},
    onClosed: () => {},
    onBanned: () => {},
    onShardLost: (error) => console.news(`a shard died and was replaced: ${String(error)}`),
    onNews: ({ tracker, kind, text }) => console.news(`${tracker} ${kind}: ${text}`),
    onListening: () => {},
    onNetworkBack: (back) => {
      if (back.by === 'success')
        console.news(`the network is back after ${formatDuration(back.ms)}: lost peers are dialled again`);
    },
    onBug,
  };
}

export class PeerSession {
  readonly race: Race;
  readonly discovery: Discovery;
  readonly shards: number;
  readonly openFiles: number;
  readonly #source: Source;
  readonly #carriesPeers: boolean;
  readonly #metadata: MetadataRace | null;
  readonly #network = new NetworkWatch(monotonicMs());
  readonly #announces = { answered: 0, failed: 0 };
  readonly #networkTimer: NodeJS.Timeout | null;

  /** Starts the threads of the race. Throws a usage failure for options that make no sense. */
  constructor(options: SessionOptions, listener: SessionListener) {
    const { source, flags, route } = options;
    const socks = socksOf(route);
    // Nothing goes past a proxy: what it does not carry is off.
    const direct = route.proxy === null;
    this.#carriesPeers = direct || socks !== null;
    // All that the user may have written wrongly comes first: threads that were started must be stopped.
    const named = namedPeersOf(flags);
    const dht = dhtOf(flags);
    const blocklist = flags.blocklist === undefined ? null : readBlocklist(flags.blocklist);
    this.#source = source;
    this.shards = shardsOf(flags);
    const budget = descriptorBudget(this.shards, options.hashers, options.lanes);
    this.openFiles = budget.filesPerHasher;
    const limits = limitsOf(flags, budget, options.lanes);
    // Of a magnet link it is not known at first: shards stop when they learn it.
    const isPrivate = source.kind === 'torrent' && source.metainfo.private;
    const known = source.kind === 'torrent' ? source.metainfo : source.magnet;
    const peerId = newPeerId();
    this.#metadata = source.kind === 'magnet' ? new MetadataRace(known.infoHash, () => this.race) : null;
    this.race = new Race(
      {
        infoHash: known.infoHash,
        peerId,
        clientName: CLIENT_NAME,
        strategy: flags.strategy,
        keep: options.keep,
        shards: this.shards,
        limits: options.downloads ? limits : { ...limits, maxPeers: 0 },
        chokedTimeoutMs: options.chokedTimeoutMs,
        encryption: flags.encryption,
        proxy: socks,
        localAddress: route.localAddress,
        reconnect: options.downloads,
        blocklist,
        utp: flags.utp && direct,
        pex: flags.pex && !isPrivate,
        dht: dht !== null && !isPrivate && direct,
        onDhtNode: (host, port) => this.discovery.meetNode({ host, port }),
      },
      this.#raceListener(listener),
    );
    this.discovery = new Discovery({
      infoHash: known.infoHash,
      peerId,
      port: this.#listen(direct ? options.listenPort : null, route.localAddress, listener),
      named,
      linked: source.kind === 'magnet' ? source.magnet.peers : [],
      tiers: flags.trackers ? tiersOf(source, flags.announceAll) : [],
      private: isPrivate,
      dht: isPrivate || !direct ? null : dht,
      nodes: source.kind === 'torrent' ? source.metainfo.nodes : [],
      lsd: flags.lsd && !isPrivate && direct,
      http: options.http,
      udp: direct ? { from: route.localAddress } : null,
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
        text: `these parts cannot be used and were skipped: ${source.magnet.passedOver.join(', ')}`,
      });
    this.#networkTimer = options.downloads
      ? setInterval(() => this.#lookAtNetwork(listener), NETWORK_POLL_MS)
      : null;
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
    await Promise.all([this.discovery.stop(), this.race.stop()]);
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
    this.race.networkBack();
    this.discovery.networkBack();
    listener.onNetworkBack(back);
  }

  #heardOf(peers: readonly HostPort[], from: string, namer: string | null, listener: SessionListener): void {
    if (this.#carriesPeers) this.race.add(peers, from, namer);
    else if (peers.length > 0)
      listener.onNews({
        tracker: from,
        kind: 'warned',
        text: 'an HTTP proxy cannot carry peer connections, so no peer is dialled',
      });
  }

  /** A port that cannot be had is told; the download goes on without. */
  async #listen(port: number | null, host: string | null, listener: SessionListener): Promise<number> {
    if (port === null) return NO_LISTENING_PORT;
    try {
      const bound = await this.race.listenAt(port, host);
      listener.onListening(bound);
      return bound;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      listener.onNews({
        tracker: `port ${port}`,
        kind: 'failed',
        text: `no peer can connect to us (${reason})`,
      });
      return NO_LISTENING_PORT;
    }
  }

  /** Who listens to the race until a download takes over. */
  #raceListener(listener: SessionListener): RaceListener {
    return {
      onFirstUnchoke: (unchoke, ms) => listener.onFirstUnchoke(unchoke, ms),
      onFull: () => {},
      onClosed: (outcomes) => {
        this.#metadata?.closed(outcomes);
        listener.onClosed(outcomes);
      },
      onBanned: (peer) => listener.onBanned(peer),
      onMetadataOffer: (peer, bytes) => this.#metadata?.offered(peer, bytes),
      onMetadataPart: (peer, part) => this.#metadata?.arrived(peer, part),
      onShardLost: (_, error) => listener.onShardLost(error),
      onBug: (error) => listener.onBug(error),
    };
  }
}

/** All trackers of a magnet link are asked at once, each a tier by itself: nothing says that they come in tiers. */
function tiersOf(source: Source, all: boolean): readonly (readonly string[])[] {
  const tiers = source.kind === 'torrent' ? source.metainfo.trackers : [source.magnet.trackers];
  return all || source.kind === 'magnet' ? tiers.flat().map((url) => [url]) : tiers;
}
