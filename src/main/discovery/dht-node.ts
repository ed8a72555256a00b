/**
 * Our DHT node (BEP 5) in one address family, made with bittorrent-dht. While it knows no other node, it asks the first nodes
 * again and again: a name that could not be looked up, a node that was down, or a network that was down may work later.
 */
import { isIP } from 'node:net';
import { believable, reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { canonicalHost, isSix } from '../../shared/ip-address.ts';
import {
  DHT_KEEP_MS,
  DHT_PEER_AGE_MS,
  DHT_PING_MS,
  DHT_SEEK_MAX_MS,
  DHT_SEEK_MS,
  ENOUGH_DHT_NODES,
} from '../../shared/limits.ts';
import { systemWords } from '../../shared/system-words.ts';
import type { DhtLibrary, LibraryClient } from './dht-library.ts';
import { type DhtFamily, DhtSocket } from './dht-socket.ts';
import type { Environment, Interfaces } from './environment.ts';
import { FirstNodes } from './first-nodes.ts';
import type { NodeStore } from './node-file.ts';

export interface DhtNodeOptions {
  readonly environment: Environment;
  readonly family: DhtFamily;
  /** The first nodes, by name or address, and whether the user named them. */
  readonly bootstrap: readonly HostPort[];
  readonly isUsersChoice: boolean;
  /** Our local address; null lets the system choose. */
  readonly from: string | null;
  /** Keeps nodes between runs; null keeps none. */
  readonly store: NodeStore | null;
}

export interface DhtNodeListener {
  /** `node`: the host of the node that gave the peers. */
  onPeers(infoHash: Buffer, peers: readonly HostPort[], node: string): void;
  /** We know a node that we can ask. */
  onNode(): void;
  /** None of the first nodes has answered so far, or we have no socket to ask them. */
  onNoAnswer(reason: string): void;
}

export class DhtNode {
  readonly #options: DhtNodeOptions;
  readonly #listener: DhtNodeListener;
  readonly #first: FirstNodes;
  #library: DhtLibrary | null = null;
  /** Null before the start, and while no socket could be bound. */
  #client: LibraryClient | null = null;
  #socket: DhtSocket | null = null;
  #cancelSeek = (): void => {};
  #seekMs = DHT_SEEK_MS;
  #soughtAt = Number.NEGATIVE_INFINITY;
  #keptAt = Number.NEGATIVE_INFINITY;
  /** Cancels the waits for a first answer; attempts may overlap. */
  readonly #waits = new Set<() => void>();
  #isAwaited = true;
  /** The last socket could not be bound. Later that may pass, but nobody should wait for it. */
  #isUnbound = false;
  #isClosed = false;
  /** Other nodes can reach us, so it makes sense to send us queries (BEP 43). */
  listens = false;

  constructor(options: DhtNodeOptions, listener: DhtNodeListener) {
    this.#options = options;
    this.#listener = listener;
    const { family, bootstrap, isUsersChoice, environment } = options;
    this.#first = new FirstNodes(family, environment.lookUp);
    for (const node of bootstrap) this.#first.name(node, isUsersChoice ? 'user' : 'stranger');
  }

  /** How many other nodes are known. */
  get count(): number {
    return this.#client?.nodes.count() ?? 0;
  }

  /** The first answer of any node may still come. */
  get isAwaited(): boolean {
    return this.#isAwaited && !this.#isClosed;
  }

  /** Nodes are known, or a first node may answer later. */
  get mayAnswer(): boolean {
    if (this.#isClosed || this.#isUnbound) return false;
    return this.count > 0 || (this.#canSpeak && this.#first.mayAnswer);
  }

  open(library: DhtLibrary): void {
    if (this.#library !== null || this.#isClosed) return;
    this.#library = library;
    // The newest last, because the last one is asked first.
    for (const node of [...(this.#options.store?.read() ?? [])].reverse()) this.#first.meet(node);
    this.#start(library);
    void this.#seek();
  }

  /** Adds nodes that a torrent names (BEP 5). Returns a function that removes them. */
  name(nodes: readonly HostPort[]): () => void {
    const takeBack = nodes.map((node) => this.#first.name(node, 'stranger'));
    return () => {
      for (const one of takeBack) one();
    };
  }

  /** Asks these nodes as well, unless we know enough. */
  ask(named: readonly HostPort[]): void {
    if (named.length === 0 || this.#isClosed || this.count >= ENOUGH_DHT_NODES || !this.#canSpeak) return;
    this.#ping(named.filter(({ host }) => isIP(canonicalHost(host)) === this.#options.family));
    void this.#first.resolve((nodes) => this.#ping(nodes), 'new');
  }

  /** A peer told us the port of its DHT node (BEP 5, PORT). */
  meet(node: HostPort): void {
    if (this.#isClosed || !this.#first.meet(node) || this.count >= ENOUGH_DHT_NODES) return;
    if (this.#canSpeak) this.#ping([node]);
  }

  /** Asks for peers. With a port, it also announces us to the nodes that answered. Returns a function that gives this up. */
  lookup(infoHash: Buffer, port: number | null, done: () => void): () => void {
    const client = this.#client;
    if (client === null) return () => {};
    let isGivenUp = false;
    const found = (): void => {
      if (port === null || isGivenUp) done();
      else client.announce(infoHash, port, done);
    };
    // An announce alone would use the nodes of the last search while they are fresh, and would not ask for peers.
    const giveUp = client.lookup(infoHash, found);
    return () => {
      isGivenUp = true;
      giveUp();
    };
  }

  /** All known nodes are gone, or the network was down: asks the first nodes, and the pauses start from the shortest again. */
  seekIn(ms: number): void {
    if (this.#library === null || this.#isClosed) return;
    const { now } = this.#options.environment;
    const restMs = Math.max(ms, this.#soughtAt + DHT_SEEK_MS - now());
    this.#seekMs = DHT_SEEK_MS;
    if (restMs <= 0) void this.#seek();
    else this.#seekLater(restMs);
  }

  /** Saves the nodes that answered in this run. If all of them go away, the next search starts with them. */
  keep(): void {
    if (this.#isClosed) return;
    const { environment, store } = this.#options;
    const nodes = (this.#client?.nodes.toArray() ?? []).map(({ host, port, seen }) => ({
      host: this.#socket?.realHost(host) ?? host,
      port,
      seen: seen ?? environment.calendar(),
    }));
    for (const node of nodes) this.#first.meet(node);
    store?.keep(nodes);
    this.#keptAt = environment.now();
  }

  /** For calls after each search of many torrents: it saves only once per interval. */
  keepNowAndThen(): void {
    if (this.#options.environment.now() - this.#keptAt >= DHT_KEEP_MS) this.keep();
  }

  async close(): Promise<void> {
    this.keep();
    this.#isClosed = true;
    this.#first.stop();
    for (const cancel of this.#waits) cancel();
    this.#cancelSeek();
    const client = this.#client;
    this.#client = null;
    if (client !== null) await new Promise<void>((resolve) => client.destroy(resolve));
  }

  get #canSpeak(): boolean {
    const { family, from, bootstrap, environment } = this.#options;
    return family === 4 || from !== null || hasIPv6(environment.interfaces()) || namesIPv6(bootstrap);
  }

  #start(library: DhtLibrary): void {
    const { family, from, environment } = this.#options;
    const socket = new DhtSocket({
      family,
      from,
      openSocket: environment.openSocket,
      now: environment.now,
      isReadOnly: () => !this.listens,
      mayReach: (host, port) => this.#first.mayReach(host, port),
      onUnbound: (error) => this.#drop(client, systemWords(error)),
    });
    socket.on('listening', () => {
      this.#isUnbound = false;
    });
    // The library would look names up itself, only once, and would ask no node until all look-ups are done.
    const client: LibraryClient = new library({ bootstrap: false, socket, maxAge: DHT_PEER_AGE_MS });
    this.#client = client;
    this.#socket = socket;
    client.on('error', () => {});
    client.on('warning', () => {});
    client.on('announce', ({ host, port }: HostPort) => socket.announced(host, port));
    client.on('peer', (peer: HostPort, infoHash: Buffer, from: { host?: string; address?: string } | null) =>
      this.#believe(peer, infoHash, from?.host ?? from?.address ?? null),
    );
    client.on('node', () => {
      this.#isAwaited = false;
      this.#listener.onNode();
    });
  }

  /** Its socket has no port. The next search for first nodes begins with a new one. */
  #drop(client: LibraryClient, reason: string): void {
    if (client !== this.#client) return;
    this.#client = null;
    this.#socket = null;
    this.#isAwaited = false;
    this.#isUnbound = true;
    client.destroy(() => {});
    this.#listener.onNoAnswer(reason);
  }

  /** Asks all first nodes, and again after a while, until one answers. */
  async #seek(): Promise<void> {
    if (this.#isClosed || this.count > 0) return;
    this.#soughtAt = this.#options.environment.now();
    this.#seekLater(this.#seekMs);
    this.#seekMs = Math.min(this.#seekMs * 2, DHT_SEEK_MAX_MS);
    if (this.#canSpeak) {
      if (this.#client === null && this.#library !== null) this.#start(this.#library);
      this.#ping(this.#first.next());
      await this.#first.resolve((nodes) => this.#ping(nodes));
      if (this.#first.hasAddress) await this.#firstAnswer();
    }
    if (this.#isClosed || this.#client === null || this.count > 0) return;
    this.#isAwaited = false;
    this.#listener.onNoAnswer(
      this.#first.hasAddress ? 'no node answered' : 'the names of its first nodes cannot be looked up',
    );
  }

  #seekLater(ms: number): void {
    this.#cancelSeek();
    this.#cancelSeek = this.#options.environment.later(ms, () => void this.#seek());
  }

  /** Resolves after the time that an answer may take. */
  #firstAnswer(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.environment.livedLater(DHT_PING_MS, () => {
        this.#waits.delete(cancel);
        resolve();
      });
      this.#waits.add(cancel);
    });
  }

  #ping(nodes: readonly HostPort[]): void {
    for (const { host, port } of nodes)
      this.#client?.addNode({ host: this.#socket?.hostForLibrary(host) ?? host, port });
  }

  #believe({ host, port }: HostPort, infoHash: Buffer, from: string | null): void {
    const socket = this.#socket;
    const node = from === null || socket === null ? null : socket.realHost(from);
    const reach = node === null ? null : reachOf(node);
    if (reach === null || node === null || socket === null || this.#isClosed) return;
    const peers = believable([{ host: socket.realHost(host), port }], reach);
    if (peers.length > 0) this.#listener.onPeers(infoHash, peers, node);
  }
}

/** Whether we have an IPv6 address now that other machines can reach: interfaces come and go. */
function hasIPv6(interfaces: Interfaces): boolean {
  return Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .some(({ family, internal, address }) => family === 'IPv6' && !internal && !address.startsWith('fe80'));
}

function namesIPv6(nodes: readonly HostPort[]): boolean {
  return nodes.some(({ host }) => isSix(host));
}
