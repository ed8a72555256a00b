/**
 * The peers of one torrent, for every command: a race, all ways to find peers, and, for a magnet link, the search for its
 * metadata over the connections of the race.
 */
import type { NamedPeer } from '../../shared/compact-peers.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { CHOKED_DOWNLOAD_MS, CHOKED_RACE_MS } from '../../shared/limits.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import type { TrackerNews } from '../discovery/announcer.ts';
import { BothSwarms, type BothSwarmsOptions } from '../discovery/both-swarms.ts';
import type { Need } from '../discovery/need.ts';
import type { MetadataSearch } from '../metadata/metadata-fetch.ts';
import { TorrentKnowledge } from '../metadata/torrent-knowledge.ts';
import { NO_LISTENING_PORT, newPeerId } from '../network/identity.ts';
import type { MappingNews } from '../network/nat/port-mapping.ts';
import { isStranger, type NetworkReturn } from '../network/network-watch.ts';
import type { InfoHash } from '../quantities.ts';
import { Race } from '../race/race.ts';
import type { Unchoke } from '../race/race-options.ts';
import { namesOnWire } from '../torrent/known-to-shards.ts';
import { infoHashes, type Metainfo } from '../torrent/metainfo.ts';
import { hashesOf, namesOf, type Source } from '../torrent/source.ts';
import type { TorrentSlots } from '../upload/upload-slots.ts';
import { listening } from './listening.ts';
import type { ListeningEvent, NotListeningEvent } from './port-events.ts';
import type { ActiveTorrent, Session } from './session.ts';
import { acceptsPeers, keptPeers, type TorrentSettings } from './settings.ts';

/** Trackers get this as `left` while the size is unknown. 0 would say that we are a seed. */
export const UNKNOWN_LEFT_BYTES = 16_384;

export interface SwarmOptions {
  readonly source: Source;
  readonly torrent: TorrentSettings;
  readonly session: Session;
}

export interface SwarmListener {
  /** Counters for trackers, in bytes; `fetched`: what web seeds have sent, verified or not. */
  progress(): { readonly downloaded: number; readonly left: number; readonly fetched: number };
  /** A verified piece could not be read to give it to a peer. `code`: of the system. */
  onReadFailed(code: string, path: string): void;
  onFirstUnchoke(unchoke: Unchoke, ms: number): void;
  onClosed(outcomes: readonly PeerOutcome[]): void;
  onBanned(peer: PeerIndex): void;
  onShardLost(error: unknown): void;
  onNews(news: TrackerNews): void;
  /** Where peers can connect to us, or why none can. Once, when it is known; not if it only races. */
  onListening(event: ListeningEvent | NotListeningEvent): void;
  /** The router forwards our port, or it does not. */
  onMapping(news: MappingNews): void;
  /** The network was down and is back: what failed may be tried again at once. */
  onNetworkBack(back: NetworkReturn): void;
  /** A bug that a new thread does not fix. */
  onBug(error: unknown): void;
}

export class TorrentSwarm implements ActiveTorrent {
  readonly session: Session;
  readonly race: Race;
  readonly discovery: BothSwarms;
  readonly #source: Source;
  readonly #listener: SwarmListener;
  readonly knowledge: TorrentKnowledge;
  readonly #announces = { answered: 0, failed: 0 };
  /** Addresses that an HTTP proxy cannot carry. */
  #undialled = 0;
  #isStopped = false;
  #endMappingNews = (): void => {};
  /** Only its trackers may name peers, as far as it is known. */
  #isPrivate: boolean;
  readonly #deactivate: () => void;
  readonly #slots: TorrentSlots;

  /** Enters the shards. */
  constructor({ source, torrent, session }: SwarmOptions, listener: SwarmListener) {
    this.session = session;
    this.#source = source;
    this.#listener = listener;
    const { settings, use, world } = session;
    // A magnet link does not say whether the torrent is private. Shards stop the exchange of peers when the metadata says so.
    const isPrivate = source.metainfo?.private ?? false;
    this.#isPrivate = isPrivate;
    const hashes = hashesOf(source);
    const peerId = newPeerId();
    const accepts = use.downloads && acceptsPeers(torrent);
    this.knowledge = new TorrentKnowledge(source, () => this.race, world);
    this.race = new Race(
      {
        ...namesOnWire(hashes),
        peerId,
        strategy: torrent.strategy,
        keep: keptPeers(torrent),
        maxPeers: use.downloads ? session.peersForOneMore : 0,
        chokedTimeoutMs: use.downloads ? CHOKED_DOWNLOAD_MS : CHOKED_RACE_MS,
        reconnect: use.downloads,
        accepts,
        cluster: torrent.cluster !== null,
        blocklist: settings.blocklist,
        pex: settings.pex && !isPrivate,
        holepunch: session.punches && accepts && !isPrivate,
        dht: settings.dht && !isPrivate && session.isDirect,
        onDhtNode: (host, port) => this.discovery.meetNode({ host, port }),
      },
      session.shards,
      world,
    );
    this.#slots = session.uploads.enter({
      complete: () => listener.progress().left === 0,
      choose: (unchoke, choke) => this.race.choose(unchoke, choke),
    });
    this.#listenToRace();
    const discovery: BothSwarmsOptions = {
      shared: session.discovery,
      peerId,
      port: use.downloads ? this.#listen(accepts) : Promise.resolve(NO_LISTENING_PORT),
      externalPort: () => (accepts ? (session.mapping?.externalPort ?? null) : null),
      named: torrent.peers,
      linked: source.kind === 'magnet' ? source.magnet.peers : [],
      tiers: [
        ...(settings.trackers ? tiersOf(source, settings.announceAll) : []),
        ...torrent.tracker.map((url) => [url]),
      ],
      private: isPrivate,
      dht: !isPrivate,
      nodes: source.metainfo?.nodes ?? [],
      lsd: settings.lsd && !isPrivate,
      http: session.http,
      need: () => this.#need,
      progress: () => ({ ...listener.progress(), uploaded: this.race.totals.sentBytes }),
      onPeers: (peers, from, namer) => this.#heardOf(peers, from, namer ?? null),
      onNews: (news) => {
        if (news.kind !== 'warned') this.#announces[news.kind] += 1;
        listener.onNews(news);
      },
    };
    this.discovery = new BothSwarms(discovery, hashes);
    this.#deactivate = use.downloads ? session.activate(this) : () => {};
  }

  /** Addresses that were found and cannot be dialled, because an HTTP proxy carries no peers. */
  get undialled(): number {
    return this.#undialled;
  }

  /** Peers that want data from us, and those of them that may request it. */
  get uploadCounts(): TorrentSlots['counts'] {
    return this.#slots.counts;
  }

  /** Trackers that the torrent or its magnet link names, and whether only they may name peers, as far as it is known. */
  get named(): { readonly trackers: number; readonly private: boolean } {
    const source = this.#source;
    const trackers = source.kind === 'torrent' ? source.metainfo.trackers.flat() : source.magnet.trackers;
    return { trackers: trackers.length, private: this.#isPrivate };
  }

  get infoHash(): InfoHash {
    return namesOf(this.#source).infoHash;
  }

  /** Starts to look for peers. */
  start(): void {
    const source = this.#source;
    if (source.kind === 'magnet' && source.magnet.passedOver.length > 0)
      this.#listener.onNews({
        tracker: 'magnet link',
        kind: 'warned',
        text: `these parts cannot be used and were skipped: ${source.magnet.passedOver.join(', ')}`,
      });
    this.discovery.start();
  }

  /** As in `TorrentKnowledge`. */
  get metadataSearch(): MetadataSearch | null {
    return this.knowledge.search;
  }

  /**
   * The torrent with the hashes of its pieces: at once, or when peers have sent what is missing, which may never happen. `onMetadata`
   * gets it when its metadata is known, and peers are asked for the rest when it has looked elsewhere. `selected`: the files that are wanted then; null: all. Rejects with a `bad-torrent` failure if the metadata is not usable.
   */
  torrent(
    onMetadata: (metainfo: Metainfo) => void | Promise<void> = () => {},
    selected: () => ReadonlySet<number> | null = () => null,
  ): Promise<Metainfo> {
    return this.knowledge.torrent(async (metainfo) => {
      if (this.#source.metainfo === undefined) this.#linkIsKnown(metainfo);
      await onMetadata(metainfo);
    }, selected);
  }

  #linkIsKnown(metainfo: Metainfo): void {
    // In a link, a hybrid may have one of its two hashes.
    this.discovery.metadataKnown(infoHashes(metainfo), metainfo.private);
    if (!metainfo.private) return;
    this.#isPrivate = true;
    this.race.becamePrivate();
  }

  /** Closes its peers and stops the search for others. */
  async stop(): Promise<void> {
    this.#deactivate();
    this.#slots.leave();
    this.#isStopped = true;
    this.#endMappingNews();
    this.knowledge.stop();
    try {
      await this.race.stop();
    } finally {
      // Trackers hear what the shards counted in their last moment.
      await this.discovery.stop();
    }
  }

  /** For the session's watch over the network. */
  get signs(): ActiveTorrent['signs'] {
    const { connected, dialed, dialing, choked, unchoked, blockBytes } = this.race.totals;
    return {
      inSession: choked + unchoked,
      connected,
      failedDials: dialed - connected - dialing,
      answered: this.#announces.answered,
      failedAnnounces: this.#announces.failed,
      bytes: blockBytes + this.#listener.progress().fetched,
    };
  }

  get needsPeers(): number {
    const { queued, dialing, handshaking, choked, unchoked } = this.race.totals;
    return queued + dialing + handshaking + choked + unchoked;
  }

  share(maxPeers: number): void {
    this.race.share(maxPeers);
  }

  networkBack(back: NetworkReturn): void {
    this.discovery.networkBack(isStranger(back));
    this.#listener.onNetworkBack(back);
  }

  get #need(): Need {
    if (this.#listener.progress().left === 0) return 'nothing';
    const { choked, unchoked } = this.race.totals;
    return choked + unchoked === 0 ? 'peers' : 'data';
  }

  #heardOf(peers: readonly NamedPeer[], from: string, namer: string | null): void {
    if (this.session.carriesPeers) return void this.race.add(peers, from, namer);
    this.#undialled += peers.length;
    if (peers.length > 0)
      this.#listener.onNews({
        tracker: from,
        kind: 'warned',
        text: 'an HTTP proxy cannot carry peer connections, so no peer is dialled',
      });
  }

  async #listen(accepts: boolean): Promise<number> {
    const event = await listening(this.session, accepts);
    this.#listener.onListening(event);
    if (event.type === 'not-listening') return NO_LISTENING_PORT;
    this.#hearOfMapping();
    return event.port;
  }

  #hearOfMapping(): void {
    if (this.#isStopped) return;
    const { mapping } = this.session;
    this.#endMappingNews = mapping?.subscribe((news) => this.#listener.onMapping(news)) ?? (() => {});
  }

  #listenToRace(): void {
    const listener = this.#listener;
    this.race.subscribe(this.knowledge.listener);
    this.race.subscribe({
      onFirstUnchoke: (unchoke, ms) => listener.onFirstUnchoke(unchoke, ms),
      onClosed: (outcomes) => {
        this.#slots.gone(outcomes);
        listener.onClosed(outcomes);
      },
      onBanned: (peer) => listener.onBanned(peer),
      onContenders: (peers) => this.#slots.heard(peers),
      onReadFailed: (code, path) => listener.onReadFailed(code, path),
      onShardLost: (_, error) => listener.onShardLost(error),
      onBug: (error) => listener.onBug(error),
    });
  }
}

/** The trackers of a magnet link have no tiers, so each is a tier of its own, and all are asked at once. */
function tiersOf(source: Source, all: boolean): readonly (readonly string[])[] {
  const tiers = source.kind === 'torrent' ? source.metainfo.trackers : [source.magnet.trackers];
  return all || source.kind === 'magnet' ? tiers.flat().map((url) => [url]) : tiers;
}
