/**
 * The search for peers of a torrent that may have two swarms: peers of version 1 know a hybrid by one info hash, those of
 * version 2 by another (BEP 52). Both are asked for at the same trackers, in the DHT and on the local network.
 */
import type { NamedPeer } from '../../shared/compact-peers.ts';
import { type InfoHashes, wireHash } from '../torrent/info-hash.ts';
import { Discovery, type DiscoveryOptions } from './discovery.ts';

export interface BothSwarmsOptions extends Omit<DiscoveryOptions, 'infoHash' | 'onPeers'> {
  /** `namer`: the host of the node that gave the peers, if there is one. */
  readonly onPeers: (peers: readonly NamedPeer[], source: string, namer?: string) => void;
}

export class BothSwarms {
  readonly #options: BothSwarmsOptions;
  readonly #swarms = new Map<keyof InfoHashes, Discovery>();
  #isBegun = false;
  #isPrivate: boolean;

  constructor(options: BothSwarmsOptions, hashes: InfoHashes) {
    this.#options = options;
    this.#isPrivate = options.private;
    this.#join(hashes);
  }

  /**
   * The metadata of a magnet link is known: also asks for these hashes, if they were not known. If it is private, only its
   * trackers may name peers from now on, one at a time (BEP 27), and the other hash is announced in no other way.
   */
  metadataKnown(hashes: InfoHashes, isPrivate: boolean): void {
    if (isPrivate) this.#becomePrivate();
    this.#join(hashes);
  }

  #join({ v1, v2 }: InfoHashes): void {
    if (v1 !== null) this.#enter('v1', v1);
    if (v2 !== null) this.#enter('v2', wireHash(v2));
  }

  get asksTrackers(): boolean {
    return this.#any(({ asksTrackers }) => asksTrackers);
  }

  /** Trackers that are asked, or are asked when others fail: the same for both. */
  get trackers(): number {
    return Math.max(...[...this.#swarms.values()].map(({ trackers }) => trackers));
  }

  /** What is being asked now. */
  get asking(): Discovery['asking'] {
    return {
      trackers: this.#any(({ asking }) => asking.trackers),
      dht: this.#any(({ asking }) => asking.dht),
    };
  }

  /** The DHT and the local network look for peers. */
  get alsoAsks(): Discovery['alsoAsks'] {
    return { dht: this.#any(({ alsoAsks }) => alsoAsks.dht), lsd: this.#any(({ alsoAsks }) => alsoAsks.lsd) };
  }

  /** True while the first answer to a request may come. */
  get searching(): boolean {
    return this.#any(({ searching }) => searching);
  }

  /** True while more peers may come. */
  get hopeful(): boolean {
    return this.#any(({ hopeful }) => hopeful);
  }

  /** True if more peers may come only from the next try of a tracker that failed. */
  get retrying(): boolean {
    const hopeful = [...this.#swarms.values()].filter((swarm) => swarm.hopeful);
    return hopeful.length > 0 && hopeful.every(({ retrying }) => retrying);
  }

  start(): void {
    this.#isBegun = true;
    for (const swarm of this.#swarms.values()) swarm.start();
  }

  #becomePrivate(): void {
    this.#isPrivate = true;
    for (const swarm of this.#swarms.values()) swarm.becamePrivate();
  }

  networkBack(isStranger: boolean): void {
    for (const swarm of this.#swarms.values()) swarm.networkBack(isStranger);
  }

  meetNode(node: Parameters<Discovery['meetNode']>[0]): void {
    for (const swarm of this.#swarms.values()) swarm.meetNode(node);
  }

  completed(): void {
    for (const swarm of this.#swarms.values()) swarm.completed();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#swarms.values()].map((swarm) => swarm.stop()));
  }

  #enter(version: keyof InfoHashes, infoHash: Uint8Array): void {
    if (this.#swarms.has(version)) return;
    const ways = this.#isPrivate ? { private: true, dht: false, lsd: false } : {};
    const swarm = new Discovery({ ...this.#options, ...this.#partOf(version), ...ways, infoHash });
    this.#swarms.set(version, swarm);
    if (this.#isBegun) swarm.start();
  }

  /** Named peers are in no swarm: the first one dials them. A tracker that fails is told once. */
  #partOf(version: keyof InfoHashes): Pick<DiscoveryOptions, 'onPeers' | 'onNews' | 'named' | 'linked'> {
    const { onPeers, onNews, named, linked } = this.#options;
    const isFirst = this.#swarms.size === 0;
    return {
      onPeers: (peers, source, namer) =>
        onPeers(
          version === 'v2' ? peers.map((peer) => ({ ...peer, version2: true })) : peers,
          source,
          ...(namer === undefined ? [] : [namer]),
        ),
      onNews: (news) => {
        if (isFirst || news.kind !== 'failed') onNews(news);
      },
      named: isFirst ? named : [],
      linked: isFirst ? linked : [],
    };
  }

  #any(holds: (swarm: Discovery) => boolean): boolean {
    return [...this.#swarms.values()].some(holds);
  }
}
