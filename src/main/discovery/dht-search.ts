/** The repeated search of one torrent in the DHT, in one address family. */
import type { HostPort } from '../../shared/compact-peers.ts';
import { DHT_EMPTY_REPEAT_MS, DHT_FIRST_REPEAT_MS, DHT_REPEAT_MS } from '../../shared/limits.ts';
import type { Need } from './need.ts';

export interface DhtRequest {
  readonly infoHash: Uint8Array;
  /** The port where we listen for peers. With NO_LISTENING_PORT we ask but do not announce. */
  readonly port: Promise<number>;
  /** What nodes are told instead, when the router forwards a port of this family; null if it forwards none. */
  readonly externalPort?: () => number | null;
  /** Nodes that the torrent names (BEP 5). */
  readonly nodes: readonly HostPort[];
  readonly need: () => Need;
  /** `node`: the host of the node that gave the peers. */
  readonly onPeers: (peers: readonly HostPort[], node: string) => void;
  readonly onNews: (kind: 'answered' | 'failed', text: string) => void;
}

/**
 * starting: the port is not known yet; waiting: no node is known; queued: other torrents search first; searching; resting until
 * the next search; ended.
 */
type Phase = 'starting' | 'waiting' | 'queued' | 'searching' | 'resting' | 'ended';

/** What a search needs from the DHT of the session. */
export interface SearchHost {
  /** The first answer of any node may still come. */
  readonly isAwaited: boolean;
  /** A node may answer, now or later. */
  readonly mayAnswer: boolean;
  networkBack(search: DhtSearch): void;
  end(search: DhtSearch): Promise<void>;
}

export class DhtSearch {
  readonly request: DhtRequest;
  readonly infoHash: Buffer;
  phase: Phase = 'starting';
  /** Where we listen. Null: no peer can connect to us. */
  port: number | null = null;
  /** Ends the current search, or cancels the next one. */
  cancel = (): void => {};
  readonly #host: SearchHost;
  readonly #takeBackNodes: () => void;
  readonly #found = new Set<string>();
  readonly #told = new Set<'answered' | 'failed'>();
  #repeatMs = 0;

  constructor(request: DhtRequest, host: SearchHost, takeBackNodes: () => void) {
    this.request = request;
    this.infoHash = Buffer.from(request.infoHash);
    this.#host = host;
    this.#takeBackNodes = takeBackNodes;
  }

  /** The port that nodes are told; null if no peer can connect to us. */
  get announcedPort(): number | null {
    return this.port === null ? null : (this.request.externalPort?.() ?? this.port);
  }

  /** True while the answer to a request may come. */
  get searching(): boolean {
    if (this.phase === 'waiting') return this.#host.isAwaited;
    return this.phase === 'starting' || this.phase === 'queued' || this.phase === 'searching';
  }

  /** True while an answer may come, now or later. */
  get hopeful(): boolean {
    return this.phase !== 'ended' && (this.searching || this.#host.mayAnswer);
  }

  /** The network was down: the pauses start from the shortest again. */
  networkBack(): void {
    this.#host.networkBack(this);
  }

  /** Ends searches and announces. Resolves when everything is closed. */
  end(): Promise<void> {
    this.cancel();
    this.phase = 'ended';
    this.#takeBackNodes();
    return this.#host.end(this);
  }

  begin(): void {
    this.phase = 'searching';
    this.#found.clear();
  }

  found(peers: readonly HostPort[], node: string): void {
    if (this.phase !== 'searching') return;
    for (const { host, port } of peers) this.#found.add(`${host} ${port}`);
    this.request.onPeers(peers, node);
  }

  /** A search is done, and this many nodes are known. Returns how long to rest. */
  restMs(nodes: number): number {
    this.tell('answered', `${this.#found.size} peers (${nodes} nodes known)`);
    const first = this.#found.size > 0 ? DHT_FIRST_REPEAT_MS : DHT_EMPTY_REPEAT_MS;
    this.#repeatMs = Math.min(Math.max(first, this.#repeatMs * 2), DHT_REPEAT_MS);
    return this.#repeatMs;
  }

  forgetRests(): void {
    this.#repeatMs = 0;
  }

  /** Tells each kind only once: how the first search went, and that there was none. */
  tell(kind: 'answered' | 'failed', text: string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.request.onNews(kind, text);
  }
}
