/** Every way by which a run learns of peers, as one thing that starts, tells and stops. */
import type { HostPort } from '../../shared/compact-peers.ts';
import { Announcer, type TrackerNews } from './announcer.ts';
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
  readonly progress: () => { readonly downloaded: number; readonly left: number };
  readonly onPeers: (peers: readonly HostPort[], source: string) => void;
  readonly onNews: (news: TrackerNews) => void;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #announcer: Announcer;
  #resolving = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    const { infoHash, peerId, tiers, progress, onNews } = options;
    this.#announcer = new Announcer({
      tiers,
      infoHash,
      peerId,
      port: options.port,
      progress,
      onPeers: (peers, tracker) => options.onPeers(peers, tracker),
      onNews,
    });
  }

  /** True while more peers may come. */
  get hopeful(): boolean {
    return this.#resolving || this.#announcer.hopeful;
  }

  async start(): Promise<void> {
    this.#announcer.start();
    const { named, onPeers, onNews } = this.#options;
    if (named.length === 0) return;
    this.#resolving = true;
    await resolvePeers(
      named,
      (peers) => onPeers(peers, 'user'),
      (host, reason) =>
        onNews({ tracker: host, kind: 'failed', text: `its name cannot be looked up (${reason})` }),
    );
    this.#resolving = false;
  }

  completed(): void {
    this.#announcer.completed();
  }

  stop(): Promise<void> {
    return this.#announcer.stop();
  }
}
