/** Every way by which a run learns of peers, as one thing that starts, tells and stops. */
import type { HostPort } from '../../shared/compact-peers.ts';
import type { HttpClient } from '../http-client.ts';
import { NO_LISTENING_PORT } from '../identity.ts';
import { USER } from '../peer-list.ts';
import { Announcer, type TrackerNews } from './announcer.ts';
import { DhtSource } from './dht.ts';
import { LocalDiscovery } from './lsd.ts';
import { resolvePeers } from './named-peers.ts';

export interface DiscoveryOptions {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** Where we listen; resolved when it is known. NO_LISTENING_PORT where we do not. */
  readonly port: Promise<number>;
  /** Peers that the user named. */
  readonly named: readonly HostPort[];
  /** Tracker URLs by tier (BEP 12). */
  readonly tiers: readonly (readonly string[])[];
  /** Null: off. */
  readonly dht: { readonly bootstrap: readonly string[]; readonly cacheFile: string | null } | null;
  /** Ask on the local network (BEP 14). */
  readonly lsd: boolean;
  readonly http: HttpClient;
  /** UDP may be used, from this address of ours; null where it may not: no proxy carries it. */
  readonly udp: { readonly from: string | null } | null;
  readonly progress: () => { readonly downloaded: number; readonly left: number };
  readonly onPeers: (peers: readonly HostPort[], source: string) => void;
  readonly onNews: (news: TrackerNews) => void;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #announcer: Announcer;
  #dht: DhtSource | null = null;
  #lsd: LocalDiscovery | null = null;
  #resolving = false;
  #lsdStarting = false;
  #stopped = false;
  #private = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    const { infoHash, port, dht, onNews, onPeers } = options;
    this.#announcer = new Announcer(options);
    if (dht !== null) {
      this.#dht = new DhtSource({
        infoHash,
        port,
        ...dht,
        from: options.udp?.from ?? null,
        onPeers: (peers) => onPeers(peers, 'dht'),
        onNews: (kind, text) => onNews({ tracker: 'dht', kind, text }),
      });
    }
  }

  /** True while more peers may come. */
  get hopeful(): boolean {
    return (
      this.#resolving ||
      this.#announcer.hopeful ||
      (this.#dht?.hopeful ?? false) ||
      (this.#lsd?.hopeful ?? this.#lsdStarting)
    );
  }

  /** True while a first answer is awaited of somebody who was asked. */
  get searching(): boolean {
    return (
      this.#resolving ||
      this.#announcer.searching ||
      (this.#dht?.searching ?? false) ||
      (this.#lsd?.hopeful ?? this.#lsdStarting)
    );
  }

  async start(): Promise<void> {
    this.#announcer.start();
    void this.#dht?.start();
    void this.#startLsd();
    const { named, onPeers, onNews } = this.#options;
    if (named.length === 0) return;
    // Behind a proxy a look-up would tell the world whom we are after: the proxy does it.
    if (this.#options.udp === null) return onPeers(named, USER);
    this.#resolving = true;
    await resolvePeers(
      named,
      (peers) => onPeers(peers, USER),
      (host, reason) =>
        onNews({ tracker: host, kind: 'failed', text: `its name cannot be looked up (${reason})` }),
    );
    this.#resolving = false;
  }

  /** A magnet link turned out to be of a private torrent: from here on its trackers alone (BEP 27). */
  becamePrivate(): void {
    this.#private = true;
    void this.#dht?.stop();
    this.#dht = null;
    this.#lsd?.stop();
    this.#lsd = null;
  }

  completed(): void {
    this.#announcer.completed();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#lsd?.stop();
    await Promise.all([this.#announcer.stop(), this.#dht?.stop()]);
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
      onPeers: (peers) => onPeers(peers, 'lsd'),
    });
    this.#lsd.start();
  }
}
