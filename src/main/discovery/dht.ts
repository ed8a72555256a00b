/** Peers from the distributed hash table (BEP 5), by way of bittorrent-dht; its nodes are kept for the next run. */

import { lookup } from 'node:dns/promises';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { dirname } from 'node:path';
import type { Client, DhtNode } from 'bittorrent-dht';
import { believable, mayName, reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import {
  DHT_FIRST_REPEAT_MS,
  DHT_PEER_AGE_MS,
  DHT_REPEAT_MS,
  MAX_KEPT_DHT_NODES,
} from '../../shared/limits.ts';
import { NO_LISTENING_PORT } from '../identity.ts';
import { type DhtFamily, DhtSocket } from './dht-socket.ts';

export interface DhtOptions {
  readonly family: DhtFamily;
  readonly infoHash: Uint8Array;
  /** Where we listen for peers; NO_LISTENING_PORT where we do not, and then we only ask. */
  readonly port: Promise<number>;
  /** Nodes to begin with, by name or address. */
  readonly bootstrap: readonly HostPort[];
  /** The address of our own that packets leave from; null leaves it to the system. */
  readonly from: string | null;
  /** Where nodes are kept between runs; null keeps none. */
  readonly cacheFile: string | null;
  readonly onPeers: (peers: readonly HostPort[]) => void;
  readonly onNews: (kind: 'answered' | 'failed', text: string) => void;
}

export class DhtSource {
  readonly #options: DhtOptions;
  #client: Client | null = null;
  #socket: DhtSocket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #repeatMs = DHT_FIRST_REPEAT_MS;
  #searching = false;
  #stopped = false;
  readonly #found = new Set<string>();
  #told = false;

  constructor(options: DhtOptions) {
    this.#options = options;
  }

  /** True while a search is under way, or nodes are known that a later one may ask. */
  get hopeful(): boolean {
    return !this.#stopped && (this.#searching || (this.#client?.nodes.count() ?? 0) > 0);
  }

  get searching(): boolean {
    return this.#searching;
  }

  async start(): Promise<void> {
    this.#searching = true;
    const [{ Client }, port] = await Promise.all([import('bittorrent-dht'), this.#options.port]);
    if (this.#stopped) return;
    const { family, from } = this.#options;
    const first = await this.#resolved();
    const kept = this.#keptNodes();
    if (this.#stopped) return;
    if (first.length + kept.length === 0) return this.#withoutNodes();
    const mayReach = rangeOf([...first, ...kept]);
    const socket = new DhtSocket({ family, readOnly: port === NO_LISTENING_PORT, from, mayReach });
    const named = (nodes: readonly HostPort[]) =>
      nodes.map((node) => ({ host: socket.hostForLibrary(node.host), port: node.port }));
    const bootstrap = named(first).map((node) => `${node.host}:${node.port}`);
    const client = new Client({ bootstrap, socket, maxAge: DHT_PEER_AGE_MS });
    client.on('announce', ({ host, port }: HostPort) => socket.announced(host, port));
    this.#client = client;
    this.#socket = socket;
    client.on('error', (error: Error) => {
      this.#tellFailure(error.message);
      void this.stop();
    });
    client.on('warning', () => {});
    client.on('peer', (peer: HostPort, _: Buffer, from: { host?: string; address?: string } | null) =>
      this.#believe(peer, from?.host ?? from?.address ?? null),
    );
    for (const node of named(kept)) client.addNode(node);
    client.on('ready', () => this.#search(port));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#searching = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    if (client === null) return;
    const real = ({ host, port }: DhtNode) => ({ host: this.#socket?.realHost(host) ?? host, port });
    this.#keep(client.toJSON().nodes.map(real));
    await new Promise<void>((resolve) => client.destroy(resolve));
  }

  #search(port: number): void {
    const client = this.#client;
    if (client === null) return;
    this.#searching = true;
    const done = (): void => {
      this.#searching = false;
      if (this.#stopped) return;
      this.#tell(client.nodes.count());
      this.#timer = setTimeout(() => this.#search(port), this.#repeatMs);
      this.#timer.unref();
      this.#repeatMs = Math.min(this.#repeatMs * 2, DHT_REPEAT_MS);
    };
    const infoHash = Buffer.from(this.#options.infoHash);
    // By itself an announce asks nobody for peers while the nodes of the last search are fresh.
    const found = port === NO_LISTENING_PORT ? done : () => client.announce(infoHash, port, done);
    client.lookup(infoHash, found);
  }

  #believe({ host, port }: HostPort, from: string | null): void {
    const socket = this.#socket;
    const reach = from === null || socket === null ? null : reachOf(socket.realHost(from));
    if (reach === null || socket === null || this.#stopped) return;
    const peers = believable([{ host: socket.realHost(host), port }], reach);
    if (peers.length === 0) return;
    this.#found.add(`${host} ${port}`);
    this.#options.onPeers(peers);
  }

  /** Addresses of this family; who has none is left out. */
  async #resolved(): Promise<HostPort[]> {
    const { bootstrap, family: wanted } = this.#options;
    const found = await Promise.allSettled(bootstrap.map(({ host }) => lookup(host, { family: wanted })));
    return found.flatMap((one, i) => {
      const port = bootstrap[i]?.port;
      if (one.status === 'rejected' || one.value.family !== wanted || port === undefined) return [];
      return [{ host: one.value.address, port }];
    });
  }

  #withoutNodes(): void {
    this.#searching = false;
    this.#stopped = true;
    if (this.#options.bootstrap.some(({ host }) => !isIPv6(host)))
      this.#tellFailure('no name of a first node could be looked up');
  }

  /** That there is no way to IPv6 is no news. */
  #tellFailure(text: string): void {
    if (this.#options.family === 4) this.#options.onNews('failed', text);
  }

  /** How the first search went. */
  #tell(nodes: number): void {
    if (this.#told) return;
    this.#told = true;
    if (nodes === 0) this.#tellFailure('no node answered');
    else this.#options.onNews('answered', `${this.#found.size} peers (${nodes} nodes known)`);
  }

  #keptNodes(): DhtNode[] {
    const { cacheFile } = this.#options;
    if (cacheFile === null) return [];
    try {
      const kept = JSON.parse(readFileSync(cacheFile, 'utf8')) as { nodes?: unknown };
      const nodes = Array.isArray(kept.nodes) ? (kept.nodes as Partial<DhtNode>[]) : [];
      return nodes
        .filter(
          (node): node is DhtNode =>
            typeof node.host === 'string' && reachOf(node.host) !== null && Number.isInteger(node.port),
        )
        .slice(0, MAX_KEPT_DHT_NODES);
    } catch {
      // No file yet, or none of ours: the bootstrap nodes are there.
      return [];
    }
  }

  /** Replaced as a whole; where that cannot be, the next run begins with the bootstrap nodes. */
  #keep(nodes: readonly DhtNode[]): void {
    const { cacheFile } = this.#options;
    if (cacheFile === null || nodes.length === 0) return;
    try {
      mkdirSync(dirname(cacheFile), { recursive: true });
      const kept = nodes.slice(0, MAX_KEPT_DHT_NODES).map(({ host, port }) => ({ host, port }));
      writeFileSync(`${cacheFile}.new`, JSON.stringify({ v: 1, nodes: kept }));
      renameSync(`${cacheFile}.new`, cacheFile);
    } catch {
      // A cache that cannot be written is no loss.
    }
  }
}

/** Whom packets may go to: whoever one of the first nodes may name. A public one names nobody in our own network. */
function rangeOf(first: readonly HostPort[]): (host: string) => boolean {
  const reaches = new Set(first.map(({ host }) => reachOf(host)));
  return (host) => {
    const reach = reachOf(host);
    return reach !== null && [...reaches].some((who) => who !== null && mayName(who, reach));
  };
}
