/**
 * What all torrents of a process share: the threads, the route to the network, one listening port, one DHT node, one queue of
 * announces, and one watch over the network. Each part starts when a torrent needs it.
 */
import type { Route } from '../../shared/http-visitor.ts';
import { DEFAULT_SESSION_MEMORY_BYTES, NETWORK_POLL_MS } from '../../shared/limits.ts';
import { RateBucket, type RateMemory } from '../../shared/rate-bucket.ts';
import { SharedDiscovery } from '../discovery/shared-discovery.ts';
import { CLIENT_NAME } from '../network/identity.ts';
import { PortMapping } from '../network/nat/port-mapping.ts';
import { type NetworkReturn, type NetworkSigns, NetworkWatch } from '../network/network-watch.ts';
import { socksOf } from '../network/route.ts';
import { descriptorBudget } from '../pools/descriptors.ts';
import { ShardPool } from '../pools/shard-pool.ts';
import { StoragePool } from '../pools/storage-pool.ts';
import { WebSeedPool } from '../pools/web-seed-pool.ts';
import { shardShare } from '../race/sharding.ts';
import { UploadSlots } from '../upload/upload-slots.ts';
import { type DialLimits, dialLimits } from './dial-limits.ts';
import { fairLimit } from './fair-limit.ts';
import { LiveLooks } from './live-looks.ts';
import { MemoryBudget } from './memory-budget.ts';
import { type SessionHttp, type SessionWorld, SYSTEM_WORLD } from './session-world.ts';
import { dhtPlanOf, natObstacle, routeOf, type SessionSettings } from './settings.ts';

export interface SessionUse {
  /** False if torrents are only raced: then no descriptors are reserved for storage threads. */
  readonly downloads: boolean;
  /** How many torrents download at one time; 0 if unknown. */
  readonly torrents: number;
}

type Signs = Omit<NetworkSigns, 'addresses'>;

/** A torrent that downloads, as the session sees it. */
export interface ActiveTorrent {
  readonly signs: Signs;
  networkBack(back: NetworkReturn): void;
  /** How many peers it has that may give it data: connected ones, and addresses that are dialled or wait for it. */
  readonly needsPeers: number;
  /** How many peers it may download from at one time; 0 is no limit. */
  share(maxPeers: number): void;
}

export class Session {
  readonly settings: SessionSettings;
  readonly use: SessionUse;
  readonly world: SessionWorld;
  readonly route: Route;
  readonly http: SessionHttp;
  readonly discovery: SharedDiscovery;
  readonly memory: MemoryBudget;
  readonly storage: StoragePool;
  readonly webSeeds: WebSeedPool;
  readonly looks: LiveLooks;
  readonly uploads: UploadSlots;
  readonly dialLimits: DialLimits;
  /** Our port in the router; null if it is not asked. */
  readonly mapping: PortMapping | null;
  readonly #socketBudget: number;
  readonly #downloadRate: RateMemory | null;
  readonly #watch: NetworkWatch;
  readonly #active = new Set<ActiveTorrent>();
  /** The counts of torrents that have ended: totals must not fall. */
  readonly #gone = { inSession: 0, connected: 0, failedDials: 0, answered: 0, failedAnnounces: 0, bytes: 0 };
  #endLooks: (() => void) | null = null;
  #shards: ShardPool | null = null;
  #port: Promise<number> | null = null;

  constructor(settings: SessionSettings, use: SessionUse, world: SessionWorld = SYSTEM_WORLD) {
    this.settings = settings;
    this.use = use;
    this.world = world;
    this.looks = new LiveLooks(world);
    this.uploads = new UploadSlots(settings.uploadLimit, world);
    this.dialLimits = dialLimits(settings, world.ownAddresses());
    this.#downloadRate = rateOf(settings.downloadLimit);
    this.#watch = new NetworkWatch(world.now());
    this.route = routeOf(settings);
    this.http = world.http(this.route);
    // Nothing bypasses the proxy: what the proxy does not carry is off.
    this.discovery = new SharedDiscovery({
      dht: this.isDirect ? dhtPlanOf(settings) : null,
      udp: this.isDirect ? { from: this.route.localAddress } : null,
      environment: world.discovery,
    });
    const asksRouter = settings.nat === true && natObstacle(settings) === null;
    this.mapping = asksRouter ? new PortMapping(world, { udp: settings.utp }) : null;
    const { memory } = settings;
    const unknown = use.torrents === 0 ? DEFAULT_SESSION_MEMORY_BYTES : Number.POSITIVE_INFINITY;
    this.memory = new MemoryBudget(memory ?? unknown, use.torrents);
    const budget = descriptorBudget(settings.shards, use.downloads ? settings.hashers : 0);
    this.#socketBudget = budget.peers;
    const openFiles = budget.filesPerHasher;
    this.storage = new StoragePool({ threads: settings.hashers, openFiles }, world.storage);
    this.webSeeds = new WebSeedPool({
      route: this.route,
      clientName: CLIENT_NAME,
      rate: this.#downloadRate,
      world,
      ...(world.webSeedThreads === undefined ? {} : { threads: world.webSeedThreads }),
    });
  }

  /** True if there is no proxy. */
  get isDirect(): boolean {
    return this.route.proxy === null;
  }

  /** With a port that the user chose, we wait for incoming peers. With a random port they would come only by chance. */
  get awaitsPeers(): boolean {
    return (this.settings.port ?? 0) !== 0 && this.isDirect;
  }

  /** Peers that nobody can dial can be met over uTP (BEP 55). */
  get punches(): boolean {
    const { pex, utp, port } = this.settings;
    return pex && utp && port !== null && this.isDirect;
  }

  /** False with an HTTP proxy, which carries no peers. */
  get carriesPeers(): boolean {
    return this.isDirect || socksOf(this.route) !== null;
  }

  /** Its threads start with the first torrent. */
  get shards(): ShardPool {
    const { shards, encryption, utp, uploadLimit } = this.settings;
    const limits = { ...this.dialLimits, descriptors: this.#socketBudget };
    this.#shards ??= new ShardPool({
      shards,
      template: {
        clientName: CLIENT_NAME,
        encryption,
        proxy: socksOf(this.route),
        localAddress: this.route.localAddress,
        utp: utp && this.isDirect,
        uploadRate: rateOf(uploadLimit),
        downloadRate: this.#downloadRate,
      },
      shareOf: (position) => shardShare(limits, position, shards),
      world: this.world,
      ...(this.world.shardThreads === undefined ? {} : { threads: this.world.shardThreads }),
    });
    return this.#shards;
  }

  /** How many torrents download or wait for data. */
  get downloading(): number {
    return this.#active.size;
  }

  /** How many peers one more torrent may download from; 0 is no limit. */
  get peersForOneMore(): number {
    return fairLimit(this.settings.maxPeers, [...this.#needs, Number.POSITIVE_INFINITY]);
  }

  /** Resolves to the port for incoming peers; null if there is none. Rejects with the system's error. */
  async listen(): Promise<number | null> {
    const { port } = this.settings;
    if (port === null || !this.isDirect) return null;
    const { isServer } = this.dialLimits;
    this.#port ??= this.shards.listen(port, this.route.localAddress, isServer).then((listening) => {
      const tell = (): void => {
        const external = this.mapping?.externalPort ?? null;
        this.shards.reachableAt(listening, external, isServer || external !== null);
      };
      tell();
      this.mapping?.subscribe(tell);
      this.mapping?.begin(listening);
      return listening;
    });
    return this.#port;
  }

  /** `torrent` downloads from now on and gets its share of the peers, until the returned function is called. */
  activate(torrent: ActiveTorrent): () => void {
    this.#active.add(torrent);
    this.#endLooks ??= this.world.every(NETWORK_POLL_MS, () => {
      this.#sharePeers();
      this.#lookAtNetwork();
    });
    return () => {
      this.#active.delete(torrent);
      addTo(this.#gone, torrent.signs);
      if (this.#active.size === 0) this.#endWatch();
    };
  }

  get #needs(): number[] {
    return [...this.#active].map(({ needsPeers }) => needsPeers);
  }

  /** Only torrents that have peers are told: with a thousand idle ones each change would send thousands of messages. */
  #sharePeers(): void {
    const needs = this.#needs;
    if (needs.every((need) => need === 0)) return;
    const limit = fairLimit(this.settings.maxPeers, needs);
    for (const [i, torrent] of [...this.#active].entries()) if (needs[i] !== 0) torrent.share(limit);
  }

  /** Ends all threads. Call it after all torrents have left. */
  async close(): Promise<void> {
    this.#endWatch();
    this.uploads.close();
    await Promise.all([
      this.mapping?.close(),
      this.#shards?.stop(),
      this.webSeeds.stop(),
      this.storage.close(),
    ]);
    this.http.close();
  }

  #endWatch(): void {
    this.#endLooks?.();
    this.#endLooks = null;
  }

  #lookAtNetwork(): void {
    const total = { ...this.#gone, inSession: 0 };
    for (const { signs } of this.#active) addTo(total, signs);
    const signs = { addresses: this.world.ownAddresses(), ...total };
    const back = this.#watch.look(signs, this.world.now(), this.discovery.environment.calendar());
    if (back === null) return;
    this.#shards?.networkBack();
    this.mapping?.networkBack();
    for (const torrent of this.#active) torrent.networkBack(back);
  }
}

/** One name after the other: with a thousand torrents, a loop over the names takes several times as long. */
function addTo(total: { -readonly [Name in keyof Signs]: number }, signs: Signs): void {
  total.inSession += signs.inSession;
  total.connected += signs.connected;
  total.failedDials += signs.failedDials;
  total.answered += signs.answered;
  total.failedAnnounces += signs.failedAnnounces;
  total.bytes += signs.bytes;
}

/** Null: no limit. */
function rateOf(bytesPerS: number): RateMemory | null {
  return bytesPerS === 0 ? null : RateBucket.allocate(bytesPerS);
}
