/**
 * The DHT in one address family, for all torrents of a session: one node, and the searches of the torrents, a limited number at
 * one time. The node has a socket only while a torrent searches.
 */
import type { HostPort } from '../../shared/compact-peers.ts';
import { DHT_SEEK_MS, MAX_DHT_SEARCHES } from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import { NO_LISTENING_PORT } from '../network/identity.ts';
import { DhtNode, type DhtNodeOptions } from './dht-node.ts';
import { type DhtRequest, DhtSearch, type SearchHost } from './dht-search.ts';
import { compareNeeds } from './need.ts';

export class Dht implements SearchHost {
  readonly #options: DhtNodeOptions;
  readonly #later: Later;
  #node: DhtNode | null = null;
  readonly #searches = new Set<DhtSearch>();
  /** Searches that wait because no node is known. */
  readonly #waiting = new Set<DhtSearch>();
  /** Searches that wait until another one is done. */
  readonly #queued = new Set<DhtSearch>();
  /** Includes searches that were given up but have not ended. */
  readonly #searching = new Set<DhtSearch>();

  /** `later` uses the one timer of all torrents. */
  constructor(options: DhtNodeOptions, later: Later) {
    this.#options = options;
    this.#later = later;
  }

  get isAwaited(): boolean {
    return this.#node?.isAwaited ?? false;
  }

  get mayAnswer(): boolean {
    return this.#node?.mayAnswer ?? false;
  }

  /** Starts the searches for a torrent. They go on until `end`. */
  search(request: DhtRequest): DhtSearch {
    const node = this.#node ?? this.#newNode();
    const search = new DhtSearch(request, this, node.name(request.nodes));
    this.#searches.add(search);
    void this.#start(search, node);
    return search;
  }

  /** A peer told us the port of its DHT node (BEP 5, PORT). */
  meet(node: HostPort): void {
    this.#node?.meet(node);
  }

  networkBack(search: DhtSearch): void {
    if (search.phase === 'waiting') this.#node?.seekIn(0);
    if (search.phase !== 'resting') return;
    search.cancel();
    search.forgetRests();
    this.#queue(search);
  }

  async end(search: DhtSearch): Promise<void> {
    this.#searches.delete(search);
    this.#waiting.delete(search);
    this.#queued.delete(search);
    if (this.#searches.size > 0) return;
    const node = this.#node;
    this.#forgetNode();
    await node?.close();
  }

  #newNode(): DhtNode {
    const node = new DhtNode(this.#options, {
      onPeers: (infoHash, peers, from) => {
        for (const search of this.#searching) if (search.infoHash.equals(infoHash)) search.found(peers, from);
      },
      onNode: () => {
        for (const search of this.#waiting) this.#queue(search);
      },
      onNoAnswer: (reason) => {
        for (const search of this.#waiting) this.#fail(search, reason);
      },
    });
    this.#node = node;
    return node;
  }

  #forgetNode(): void {
    this.#node = null;
    this.#waiting.clear();
    this.#queued.clear();
    this.#searching.clear();
  }

  async #start(search: DhtSearch, node: DhtNode): Promise<void> {
    const { request } = search;
    const [library, port] = await Promise.all([this.#options.environment.dhtLibrary(), request.port]);
    if (search.phase === 'ended') return;
    search.port = port === NO_LISTENING_PORT ? null : port;
    if (search.port !== null) node.listens = true;
    this.#wait(search);
    node.open(library);
    if (node.count > 0) this.#queue(search);
    node.ask(request.nodes);
  }

  #wait(search: DhtSearch): void {
    search.phase = 'waiting';
    this.#waiting.add(search);
  }

  #queue(search: DhtSearch): void {
    this.#waiting.delete(search);
    search.phase = 'queued';
    this.#queued.add(search);
    this.#next();
  }

  /** Starts waiting searches; torrents without peers go first. */
  #next(): void {
    const node = this.#node;
    while (node !== null && this.#searching.size < MAX_DHT_SEARCHES && this.#queued.size > 0) {
      const [first, ...others] = [...this.#queued].map((search) => ({ search, need: search.request.need() }));
      const best = others.reduce(
        (one, other) => (compareNeeds(other.need, one.need) < 0 ? other : one),
        first as NonNullable<typeof first>,
      );
      this.#queued.delete(best.search);
      this.#search(best.search, node);
    }
  }

  #search(search: DhtSearch, node: DhtNode): void {
    this.#searching.add(search);
    const done = (): void => {
      if (node !== this.#node) return;
      this.#searching.delete(search);
      if (search.phase === 'searching') this.#searched(search, node);
      this.#next();
    };
    search.begin();
    const giveUp = node.lookup(search.infoHash, search.announcedPort, done);
    if (search.phase === 'searching') search.cancel = giveUp;
  }

  #searched(search: DhtSearch, node: DhtNode): void {
    node.keepNowAndThen();
    if (node.count > 0) {
      search.phase = 'resting';
      search.cancel = this.#later(search.restMs(node.count), () => this.#queue(search));
      return;
    }
    // All known nodes are gone. Perhaps our own network is down.
    search.forgetRests();
    search.cancel = () => {};
    for (const one of [search, ...this.#queued]) {
      this.#fail(one, 'no node answered');
      this.#wait(one);
    }
    this.#queued.clear();
    node.seekIn(DHT_SEEK_MS);
  }

  /** Many machines have no IPv6, so a failure there is not reported. */
  #fail(search: DhtSearch, reason: string): void {
    if (this.#options.family === 4) search.tell('failed', reason);
  }
}
