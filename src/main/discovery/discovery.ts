/** All ways in which a torrent finds peers, behind one interface. */
import { believable } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { NO_LISTENING_PORT } from '../network/identity.ts';
import type { AnnouncedBytes } from './announce.ts';
import { Announcer, type TrackerNews } from './announcer.ts';
import type { DhtSearch } from './dht-search.ts';
import type { TrackerHttp } from './http-tracker.ts';
import type { LsdMember } from './lsd.ts';
import { NamedPeers } from './named-peers.ts';
import type { Need } from './need.ts';
import { DHT, LSD, MAGNET, USER } from './peer-source.ts';
import type { SharedDiscovery } from './shared-discovery.ts';

export interface DiscoveryOptions {
  /** Shared by all torrents of the session. */
  readonly shared: SharedDiscovery;
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** The port where we listen, once it is known. NO_LISTENING_PORT if we do not listen. */
  readonly port: Promise<number>;
  /** The port of the router where peers of other networks reach us over IPv4; null if it forwards none. */
  readonly externalPort?: () => number | null;
  /** Peers that the user named. */
  readonly named: readonly HostPort[];
  /** Peers that a magnet link names (`x.pe`). The author of the link is a stranger. */
  readonly linked: readonly HostPort[];
  /** Tracker URLs by tier (BEP 12). */
  readonly tiers: readonly (readonly string[])[];
  /** True if the torrent is known to be private at the start (BEP 27). */
  readonly private: boolean;
  /** Ask in the DHT. */
  readonly dht: boolean;
  /** Nodes of the DHT that the torrent names (BEP 5). */
  readonly nodes: readonly HostPort[];
  /** Ask on the local network (BEP 14). */
  readonly lsd: boolean;
  readonly http: TrackerHttp;
  readonly need: () => Need;
  readonly progress: () => AnnouncedBytes;
  /** `namer`: the host of the node that gave the peers, if there is one. */
  readonly onPeers: (peers: readonly HostPort[], source: string, namer?: string) => void;
  readonly onNews: (news: TrackerNews) => void;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #announcer: Announcer;
  /** One for each address family (BEP 32). */
  #searches: readonly DhtSearch[] = [];
  #lsd: LsdMember | null = null;
  readonly #named: NamedPeers;
  readonly #linked: NamedPeers;
  /** Peers of the link of which the user knows that they are not dialled. */
  readonly #skipped = new Set<string>();
  #leave = (): void => {};
  #begun = false;
  #lsdStarting = false;
  #stopped = false;
  #private = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#announcer = new Announcer(options);
    this.#named = this.#namesOf(options.named, (peers) => options.onPeers(peers, USER));
    this.#linked = this.#namesOf(options.linked, (peers) => this.#linkedFound(peers));
  }

  /** Trackers that are asked, or are asked when others fail. */
  get trackers(): number {
    return new Set(this.#options.tiers.flat()).size;
  }

  get asksTrackers(): boolean {
    return this.trackers > 0;
  }

  /** True while more peers may come. */
  get hopeful(): boolean {
    return this.#announcer.hopeful || this.#otherHope;
  }

  get #otherHope(): boolean {
    return (
      // Nothing has been asked before the start.
      !this.#begun ||
      this.#named.hopeful ||
      this.#linked.hopeful ||
      this.#searches.some(({ hopeful }) => hopeful) ||
      (this.#lsd?.hopeful ?? this.#lsdStarting)
    );
  }

  /** True if more peers may come only from the next try of a tracker that failed. */
  get retrying(): boolean {
    const { searching, answered } = this.#announcer;
    return this.#announcer.hopeful && !searching && !answered && !this.#otherHope;
  }

  /** What is being asked now. */
  get asking(): { readonly trackers: boolean; readonly dht: boolean } {
    return {
      trackers: this.#announcer.searching,
      dht: this.#searches.some(({ searching }) => searching),
    };
  }

  /** The DHT and the local network look for peers. */
  get alsoAsks(): { readonly dht: boolean; readonly lsd: boolean } {
    return { dht: this.#searches.length > 0, lsd: this.#lsd !== null };
  }

  /** True while the first answer to a request may come. */
  get searching(): boolean {
    return (
      (this.#begun && (this.#named.searching || this.#linked.searching)) ||
      this.#announcer.searching ||
      this.#searches.some(({ searching }) => searching) ||
      (this.#lsd?.hopeful ?? this.#lsdStarting)
    );
  }

  start(): void {
    this.#begun = true;
    this.#leave = this.#options.shared.enter();
    this.#announcer.start();
    this.#startDht();
    void this.#startLsd();
    this.#named.start();
    this.#linked.start();
  }

  #namesOf(peers: readonly HostPort[], onResolved: (peers: readonly HostPort[]) => void): NamedPeers {
    const { shared, onNews } = this.#options;
    const { lookUp } = shared.environment;
    // With a proxy, the proxy looks names up. A look-up of our own would reveal which peers we want.
    const isDirect = shared.udp !== null;
    return new NamedPeers({
      peers,
      lookUp: isDirect ? lookUp : null,
      later: shared.later,
      onResolved,
      onFailed: (host, text) => onNews({ tracker: host, kind: 'failed', text }),
    });
  }

  /** The author of the link is on the internet and may name only public hosts. With a proxy we cannot check names. */
  #linkedFound(peers: readonly HostPort[]): void {
    const { onPeers, onNews } = this.#options;
    const kept = believable(peers, 'public');
    if (kept.length > 0) onPeers(kept, MAGNET);
    const news = peers.filter((peer) => !kept.includes(peer)).map(({ host, port }) => `${host} ${port}`);
    const skipped = news.filter((peer) => !this.#skipped.has(peer));
    for (const peer of skipped) this.#skipped.add(peer);
    if (skipped.length === 0) return;
    onNews({
      tracker: 'magnet link',
      kind: 'warned',
      text: `${skipped.length} of its peers do not have public addresses and were skipped; use --peer HOST:PORT to dial one`,
    });
  }

  /** The metadata of a magnet link says that the torrent is private: only its trackers may name peers from now on (BEP 27). */
  becamePrivate(): void {
    this.#private = true;
    this.#linked.stop();
    this.#announcer.becamePrivate();
    void this.#endSearches();
    this.#lsd?.leave();
    this.#lsd = null;
  }

  /** The network was down: asks the failed trackers and the DHT again. `isStranger`: other trackers, too, know us by an old address. */
  networkBack(isStranger: boolean): void {
    // A torrent that waits or is checked asks nobody yet.
    if (!this.#begun) return;
    this.#announcer.networkBack(isStranger);
    for (const search of this.#searches) search.networkBack();
    this.#lsd?.networkBack();
    this.#named.networkBack();
    this.#linked.networkBack();
  }

  /** A peer told us the port of its DHT node (BEP 5, PORT). */
  meetNode(node: HostPort): void {
    if (this.#searches.length === 0) return;
    for (const { dht } of this.#options.shared.dht) dht.meet(node);
  }

  completed(): void {
    this.#announcer.completed();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#named.stop();
    this.#linked.stop();
    this.#lsd?.leave();
    await Promise.all([this.#announcer.stop(), this.#endSearches()]);
    this.#leave();
    this.#leave = () => {};
  }

  #startDht(): void {
    const { shared, dht, infoHash, port, externalPort, nodes, need, onPeers, onNews } = this.#options;
    if (!dht) return;
    this.#searches = shared.dht.map(({ name, dht: one }) =>
      one.search({
        infoHash,
        port,
        ...(externalPort === undefined || name === 'dht6' ? {} : { externalPort }),
        nodes,
        need,
        onPeers: (peers, node) => onPeers(peers, DHT, node),
        onNews: (kind, text) => onNews({ tracker: name, kind, text }),
      }),
    );
  }

  async #endSearches(): Promise<void> {
    const searches = this.#searches;
    this.#searches = [];
    await Promise.all(searches.map((search) => search.end()));
  }

  async #startLsd(): Promise<void> {
    const { shared, lsd, infoHash, onPeers, port } = this.#options;
    if (!lsd || shared.lsd === null) return;
    this.#lsdStarting = true;
    const listening = await port;
    this.#lsdStarting = false;
    // Without a listening port there is nothing to announce, and no peer answers.
    if (this.#stopped || this.#private || listening === NO_LISTENING_PORT) return;
    this.#lsd = shared.lsd.join({ infoHash, port: listening, onPeers: (peers) => onPeers(peers, LSD) });
  }
}
