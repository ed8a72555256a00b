/** Every way by which a run learns of peers, as one thing that starts, tells and stops. */
import { setMaxListeners } from 'node:events';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { believable } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { cacheFile } from '../files/cache-folder.ts';
import type { HttpClient } from '../network/http-client.ts';
import { NO_LISTENING_PORT } from '../network/identity.ts';
import { Announcer, type TrackerNews } from './announcer.ts';
import { DhtSource } from './dht.ts';
import type { DhtFamily } from './dht-socket.ts';
import { LocalDiscovery } from './lsd.ts';
import { resolvePeers } from './named-peers.ts';
import { DHT, LSD, MAGNET, USER } from './peer-source.ts';

/** The DHT as the user wants it. */
export interface DhtPlan {
  readonly bootstrap: readonly HostPort[];
  /** The user named them: then no nodes are kept for the next run, and none of the last one are asked. */
  readonly isUsersChoice: boolean;
}

export interface DiscoveryOptions {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** Where we listen; resolved when it is known. NO_LISTENING_PORT where we do not. */
  readonly port: Promise<number>;
  /** Peers that the user named. */
  readonly named: readonly HostPort[];
  /** Peers that a magnet link names (`x.pe`): its author is a stranger. */
  readonly linked: readonly HostPort[];
  /** Tracker URLs by tier (BEP 12). */
  readonly tiers: readonly (readonly string[])[];
  /** Known to be private from the start (BEP 27). */
  readonly private: boolean;
  /** Null: off. */
  readonly dht: DhtPlan | null;
  /** Nodes of the DHT that the torrent names (BEP 5). */
  readonly nodes: readonly HostPort[];
  /** Ask on the local network (BEP 14). */
  readonly lsd: boolean;
  readonly http: HttpClient;
  /** UDP may be used, from this address of ours; null where it may not: no proxy carries it. */
  readonly udp: { readonly from: string | null } | null;
  readonly progress: () => { readonly downloaded: number; readonly left: number };
  /** `namer`: the host of the node that named them, where there is one. */
  readonly onPeers: (peers: readonly HostPort[], source: string, namer?: string) => void;
  readonly onNews: (news: TrackerNews) => void;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #announcer: Announcer;
  /** One for each family of addresses (BEP 32): they are two tables. */
  #dht: readonly DhtSource[] = [];
  #lsd: LocalDiscovery | null = null;
  readonly #lookUps = new AbortController();
  #resolving = false;
  #lsdStarting = false;
  #stopped = false;
  #private = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    const { infoHash, port, dht, nodes, onNews, onPeers } = options;
    // One for each name that is being looked up.
    setMaxListeners(0, this.#lookUps.signal);
    this.#announcer = new Announcer(options);
    const from = options.udp?.from ?? null;
    if (dht === null) return;
    const families: readonly DhtFamily[] = from === null ? [4, 6] : [isIPv6(from) ? 6 : 4];
    this.#dht = families.map((family) => {
      const name = family === 4 ? 'dht' : 'dht6';
      return new DhtSource({
        family,
        infoHash,
        port,
        bootstrap: dht.bootstrap,
        isUsersChoice: dht.isUsersChoice,
        torrentNodes: nodes,
        nodeFile: dht.isUsersChoice ? null : cacheFile(`${name}.json`),
        from,
        canSpeak: () => family === 4 || from !== null || hasIPv6() || namesIPv6(dht.bootstrap),
        onPeers: (peers, node) => onPeers(peers, DHT, node),
        onNews: (kind, text) => onNews({ tracker: name, kind, text }),
      });
    });
  }

  get asksTrackers(): boolean {
    return this.#options.tiers.some((tier) => tier.length > 0);
  }

  /** True while more peers may come. */
  get hopeful(): boolean {
    return this.#announcer.hopeful || this.#otherHope;
  }

  get #otherHope(): boolean {
    return (
      this.#resolving || this.#dht.some(({ hopeful }) => hopeful) || (this.#lsd?.hopeful ?? this.#lsdStarting)
    );
  }

  /** True where more peers may come only if a tracker that failed answers at its next try. */
  get retrying(): boolean {
    const { searching, answered } = this.#announcer;
    return this.#announcer.hopeful && !searching && !answered && !this.#otherHope;
  }

  /** True while a first answer is awaited of somebody who was asked. */
  get searching(): boolean {
    return (
      this.#resolving ||
      this.#announcer.searching ||
      this.#dht.some(({ searching }) => searching) ||
      (this.#lsd?.hopeful ?? this.#lsdStarting)
    );
  }

  async start(): Promise<void> {
    this.#announcer.start();
    for (const dht of this.#dht) void dht.start();
    void this.#startLsd();
    const { named, linked, onPeers } = this.#options;
    this.#resolving = true;
    await Promise.all([
      this.#resolve(named, (peers) => onPeers(peers, USER)),
      this.#resolve(linked, (peers) => this.#linkedFound(peers)),
    ]);
    this.#resolving = false;
  }

  async #resolve(peers: readonly HostPort[], found: (peers: readonly HostPort[]) => void): Promise<void> {
    if (peers.length === 0) return;
    // Behind a proxy the proxy looks names up: a look-up of our own would show which peers we want.
    if (this.#options.udp === null) return found(peers);
    await resolvePeers(peers, this.#lookUps.signal, found, (host, text) =>
      this.#options.onNews({ tracker: host, kind: 'failed', text }),
    );
  }

  /** The author of the link is on the internet and may name hosts there; behind a proxy no name can be judged. */
  #linkedFound(peers: readonly HostPort[]): void {
    const { onPeers, onNews } = this.#options;
    const kept = believable(peers, 'public');
    if (kept.length > 0) onPeers(kept, MAGNET);
    if (kept.length === peers.length) return;
    onNews({
      tracker: 'magnet link',
      kind: 'warned',
      text: `${peers.length - kept.length} of its peers do not have public addresses and were skipped; use --peer HOST:PORT to dial one`,
    });
  }

  /** A magnet link turned out to be of a private torrent: from here on its trackers alone (BEP 27). */
  becamePrivate(): void {
    this.#private = true;
    this.#announcer.becamePrivate();
    for (const dht of this.#dht) void dht.stop();
    this.#dht = [];
    this.#lsd?.stop();
    this.#lsd = null;
  }

  /** The network was away: trackers and tables that failed are asked again. */
  networkBack(): void {
    this.#announcer.networkBack();
    for (const dht of this.#dht) dht.networkBack();
  }

  /** A peer has a node of the DHT (BEP 5, PORT). */
  meetNode(node: HostPort): void {
    for (const dht of this.#dht) dht.meet(node);
  }

  completed(): void {
    this.#announcer.completed();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#lookUps.abort();
    this.#lsd?.stop();
    await Promise.all([this.#announcer.stop(), ...this.#dht.map((dht) => dht.stop())]);
  }

  async #startLsd(): Promise<void> {
    const { lsd, infoHash, onPeers, port } = this.#options;
    if (!lsd) return;
    this.#lsdStarting = true;
    const listening = await port;
    this.#lsdStarting = false;
    // Who cannot be reached has nothing to announce, and is not answered.
    if (this.#stopped || this.#private || listening === NO_LISTENING_PORT) return;
    this.#lsd = new LocalDiscovery({
      infoHash,
      port: listening,
      from: this.#options.udp?.from ?? null,
      onPeers: (peers) => onPeers(peers, LSD),
    });
    this.#lsd.start();
  }
}

/** An address that others can reach, at this moment: interfaces come and go. */
function hasIPv6(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .some(({ family, internal, address }) => family === 'IPv6' && !internal && !address.startsWith('fe80'));
}

function namesIPv6(nodes: readonly HostPort[]): boolean {
  return nodes.some(({ host }) => isIPv6(host));
}
