/**
 * Peers from the distributed hash table (BEP 5), by way of bittorrent-dht. While no node is known, those that a search may begin with
 * are asked again and again: names that cannot be looked up, nodes that are away and networks that are down come back.
 */
import type { Client } from 'bittorrent-dht';
import { believable, reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import {
  DHT_EMPTY_REPEAT_MS,
  DHT_FIRST_REPEAT_MS,
  DHT_PEER_AGE_MS,
  DHT_PING_MS,
  DHT_REPEAT_MS,
  DHT_SEEK_MAX_MS,
  DHT_SEEK_MS,
  ENOUGH_DHT_NODES,
} from '../../shared/limits.ts';
import { LivedTimer } from '../../shared/lived-timer.ts';
import { NO_LISTENING_PORT } from '../network/identity.ts';
import { type DhtFamily, DhtSocket } from './dht-socket.ts';
import { FirstNodes, type Lookup, NAME_LOOKUP } from './first-nodes.ts';
import { keepNodes, readNodes } from './node-file.ts';

export interface DhtOptions {
  readonly family: DhtFamily;
  readonly infoHash: Uint8Array;
  /** Where we listen for peers; NO_LISTENING_PORT where we do not, and then we only ask. */
  readonly port: Promise<number>;
  /** Nodes to begin with, by name or address, and whether the user named them. */
  readonly bootstrap: readonly HostPort[];
  readonly isUsersChoice: boolean;
  /** Nodes that the torrent names (BEP 5). */
  readonly torrentNodes: readonly HostPort[];
  /** The address of our own that packets leave from; null leaves it to the system. */
  readonly from: string | null;
  /** Where nodes are kept between runs; null keeps none. */
  readonly nodeFile: string | null;
  /** Whether this machine can speak this family now. */
  readonly canSpeak: () => boolean;
  readonly lookup?: Lookup;
  /** `node`: the host of the node that named them. */
  readonly onPeers: (peers: readonly HostPort[], node: string) => void;
  readonly onNews: (kind: 'answered' | 'failed', text: string) => void;
}

export class DhtSource {
  readonly #options: DhtOptions;
  readonly #first: FirstNodes;
  #port = NO_LISTENING_PORT;
  #client: Client | null = null;
  #socket: DhtSocket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #seekMs = DHT_SEEK_MS;
  #repeatMs = 0;
  /** A search is under way, or the first answer is still awaited. */
  #searching = false;
  #isSearch = false;
  /** For the first answer; seeks may overlap. */
  readonly #waits = new Set<LivedTimer>();
  #stopped = false;
  readonly #found = new Set<string>();
  readonly #told = new Set<'answered' | 'failed'>();

  constructor(options: DhtOptions) {
    this.#options = options;
    const { family, bootstrap, torrentNodes, isUsersChoice } = options;
    this.#first = new FirstNodes(family, options.lookup ?? NAME_LOOKUP);
    for (const node of bootstrap) this.#first.name(node, isUsersChoice ? 'user' : 'stranger');
    for (const node of torrentNodes) this.#first.name(node, 'stranger');
  }

  /** True while a search is under way, nodes are known that a later one may ask, or those to begin with may come back. */
  get hopeful(): boolean {
    if (this.#stopped) return false;
    return this.#searching || this.#nodeCount > 0 || (this.#options.canSpeak() && this.#first.mayAnswer);
  }

  get searching(): boolean {
    return this.#searching;
  }

  get #nodeCount(): number {
    return this.#client?.nodes.count() ?? 0;
  }

  async start(): Promise<void> {
    this.#searching = true;
    const [library, port] = await Promise.all([import('bittorrent-dht'), this.#options.port]);
    if (this.#stopped) return;
    this.#port = port;
    const { nodeFile } = this.#options;
    // The newest last: it is asked first.
    for (const node of nodeFile === null ? [] : readNodes(nodeFile).reverse()) this.#first.meet(node);
    this.#open(library.Client);
    void this.#seek();
  }

  /** A peer has a node of the DHT (BEP 5, PORT). */
  meet(node: HostPort): void {
    if (this.#stopped || !this.#first.meet(node) || this.#nodeCount >= ENOUGH_DHT_NODES) return;
    if (this.#options.canSpeak()) this.#ping([node]);
  }

  /** The network was away: all known nodes are asked at once, and all pauses begin from the start. */
  networkBack(): void {
    if (this.#client === null || this.#stopped || this.#isSearch) return;
    this.#seekMs = DHT_SEEK_MS;
    this.#repeatMs = 0;
    if (this.#nodeCount > 0) this.#search();
    else void this.#seek();
  }

  async stop(): Promise<void> {
    this.#keep();
    this.#stopped = true;
    this.#first.stop();
    for (const wait of this.#waits) wait.cancel();
    this.#searching = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    if (client !== null) await new Promise<void>((resolve) => client.destroy(resolve));
  }

  #open(library: typeof Client): void {
    const { family, from } = this.#options;
    const socket = new DhtSocket({
      family,
      readOnly: this.#port === NO_LISTENING_PORT,
      from,
      mayReach: (host, port) => this.#first.mayReach(host, port),
    });
    // The library would look names up itself, once, and ask all the others only then.
    const client = new library({ bootstrap: false, socket, maxAge: DHT_PEER_AGE_MS });
    this.#client = client;
    this.#socket = socket;
    client.on('error', (error: Error) => {
      this.#fail(error.message);
      void this.stop();
    });
    client.on('warning', () => {});
    client.on('announce', ({ host, port }: HostPort) => socket.announced(host, port));
    client.on('peer', (peer: HostPort, _: Buffer, from: { host?: string; address?: string } | null) =>
      this.#believe(peer, from?.host ?? from?.address ?? null),
    );
    client.on('node', () => this.#nodeFound());
  }

  /** Asks all nodes that a search may begin with; again after a while, until one answers. */
  async #seek(): Promise<void> {
    if (this.#stopped || this.#nodeCount > 0) return;
    const canSpeak = this.#options.canSpeak();
    this.#after(this.#seekMs, () => void this.#seek());
    this.#seekMs = Math.min(this.#seekMs * 2, DHT_SEEK_MAX_MS);
    if (canSpeak) {
      this.#ping(this.#first.next());
      await this.#first.resolve((nodes) => this.#ping(nodes));
      if (this.#first.hasAddress) await this.#firstAnswer();
    }
    if (this.#stopped || this.#nodeCount > 0) return;
    this.#searching = false;
    this.#fail(this.#first.hasAddress ? 'no node answered' : 'no first node could be found by its name');
  }

  /** Resolves when it could have come. */
  #firstAnswer(): Promise<void> {
    return new Promise((resolve) => {
      const wait = new LivedTimer(DHT_PING_MS, () => {
        this.#waits.delete(wait);
        resolve();
      });
      this.#waits.add(wait);
    });
  }

  #ping(nodes: readonly HostPort[]): void {
    for (const { host, port } of nodes)
      this.#client?.addNode({ host: this.#socket?.hostForLibrary(host) ?? host, port });
  }

  /** The first of them: there is somebody to ask. */
  #nodeFound(): void {
    if (this.#isSearch || this.#stopped || this.#repeatMs > 0) return;
    this.#search();
  }

  #search(): void {
    const client = this.#client;
    if (client === null || this.#stopped) return;
    this.#isSearch = true;
    this.#searching = true;
    const before = this.#found.size;
    const done = (): void => {
      this.#isSearch = false;
      this.#searching = false;
      if (!this.#stopped) this.#searched(this.#found.size > before);
    };
    const infoHash = Buffer.from(this.#options.infoHash);
    const found = this.#port === NO_LISTENING_PORT ? done : () => client.announce(infoHash, this.#port, done);
    // By itself an announce asks nobody for peers while the nodes of the last search are fresh.
    client.lookup(infoHash, found);
  }

  #searched(foundSome: boolean): void {
    this.#keep();
    if (this.#nodeCount === 0) {
      // All known nodes are gone: perhaps our own network is away.
      this.#fail('no node answered');
      this.#repeatMs = 0;
      this.#seekMs = DHT_SEEK_MS;
      this.#after(DHT_SEEK_MS, () => void this.#seek());
      return;
    }
    this.#tell('answered', `${this.#found.size} peers (${this.#nodeCount} nodes known)`);
    const first = foundSome ? DHT_FIRST_REPEAT_MS : DHT_EMPTY_REPEAT_MS;
    this.#repeatMs = Math.min(Math.max(first, this.#repeatMs * 2), DHT_REPEAT_MS);
    this.#after(this.#repeatMs, () => this.#search());
  }

  #after(ms: number, work: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(work, ms);
    this.#timer.unref();
  }

  #believe({ host, port }: HostPort, from: string | null): void {
    const socket = this.#socket;
    const node = from === null || socket === null ? null : socket.realHost(from);
    const reach = node === null ? null : reachOf(node);
    if (reach === null || node === null || socket === null || this.#stopped) return;
    const peers = believable([{ host: socket.realHost(host), port }], reach);
    if (peers.length === 0) return;
    this.#found.add(`${host} ${port}`);
    this.#options.onPeers(peers, node);
  }

  /** That there is no way to IPv6 is no news. */
  #fail(text: string): void {
    if (this.#options.family === 4) this.#tell('failed', text);
  }

  /** Each once: how the first search went, and that there was none. */
  #tell(kind: 'answered' | 'failed', text: string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#options.onNews(kind, text);
  }

  /** What answered in this run. It also is where the next search begins, should all of it be gone for a time. */
  #keep(): void {
    if (this.#stopped) return;
    const nodes = (this.#client?.nodes.toArray() ?? []).map(({ host, port, seen }) => ({
      host: this.#socket?.realHost(host) ?? host,
      port,
      seen: seen ?? Date.now(),
    }));
    for (const node of nodes) this.#first.meet(node);
    if (this.#options.nodeFile !== null) keepNodes(this.#options.nodeFile, nodes);
  }
}
