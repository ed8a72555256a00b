/** One torrent of a simulation: adds it to the session as a user would, adds it again after a fault, and checks what came of it. */
import { Download } from '../../src/main/download/download.ts';
import { Failure } from '../../src/main/failure.ts';
import { DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { TorrentSwarm, UNKNOWN_LEFT_BYTES } from '../../src/main/session/torrent-swarm.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import type { Source } from '../../src/main/torrent/source.ts';
import { usableWebSeeds } from '../../src/main/torrent/web-seed-files.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import type { PeerIndex } from '../../src/shared/indices.ts';
import { MAX_KNOWN_PEERS } from '../../src/shared/limits.ts';
import type { VirtualSession } from '../support/virtual-session.ts';
import type { PeerPlan, TorrentPlan } from './scenario.ts';
import { contentOf, type SimContent } from './sim-content.ts';
import { mayBeBanned, scriptOf } from './sim-peers.ts';

const BLOCK = 16_384;
const AGAIN_MS = 1_000;
const KNOCK_MS = 15_000;
const FOLDER = '/simulated';

export class SimTorrent {
  readonly name: string;
  readonly plan: TorrentPlan;
  readonly content: SimContent;
  readonly failures: string[] = [];
  isComplete = false;
  /** Milliseconds of the run when it was complete. */
  completedAt = Number.NaN;
  /** From this moment on nothing of its own holds it up. */
  quietAt: number;
  readonly #virtual: VirtualSession;
  readonly #log: (text: string) => void;
  readonly #trackerUrls: readonly string[];
  readonly #addresses: readonly HostPort[];
  #swarm: TorrentSwarm | null = null;
  #download: Download | null = null;
  #stopping: Promise<void> | null = null;

  constructor(plan: TorrentPlan, index: number, virtual: VirtualSession, log: (text: string) => void) {
    this.name = `torrent${index}`;
    this.plan = plan;
    this.quietAt = plan.startsAtMs;
    this.#virtual = virtual;
    this.#log = (text) => log(`${this.name}: ${text}`);
    this.#trackerUrls = plan.trackers.map((_, i) => `http://t${i}.${this.name}.test/announce`);
    const webSeeds = plan.webSeeds.map((_, i) => `http://w${i}.${this.name}.test/`);
    this.content = contentOf(plan.content, this.name, this.#trackerUrls, webSeeds);
    this.#addresses = plan.peers.map((_, i) => ({ host: `${11 + index}.${i}.0.7`, port: 6_881 + i }));
    this.#populate();
  }

  get #infoHash(): Uint8Array {
    return this.content.infoHash;
  }

  /** Its peers and trackers are in the network. */
  #populate(): void {
    const { plan, content } = this;
    const { net, loop, trackers } = this.#virtual;
    const knownBy = (way: PeerPlan['knownBy']): HostPort[] =>
      this.#addresses.filter((_, i) => plan.peers[i]?.knownBy === way);
    let halves = 0;
    for (const [i, peer] of plan.peers.entries()) {
      const address = this.#addresses[i] as HostPort;
      const part = peer.kind === 'half' ? halves++ : 0;
      const fake = net.add(address.host, address.port, scriptOf(peer, content, knownBy('pex'), part));
      if (peer.knownBy !== 'knock') continue;
      loop.time.every(KNOCK_MS, () => {
        const isThere = [...net.links].some(({ host }) => host === address.host);
        if (this.#swarm !== null && !isThere && loop.time.now() >= peer.awayUntilMs) net.knock(fake, address);
      });
    }
    for (const [i, { kind, untilMs }] of plan.trackers.entries())
      trackers.add(`t${i}.${this.name}.test`, { kind, untilMs, peers: knownBy('tracker') });
  }

  begin(): void {
    const { session } = this.#virtual;
    const { plan, content } = this;
    const { metainfo } = content;
    this.#log(`begins: ${metainfo.geometry.pieceCount} pieces of ${metainfo.geometry.pieceLength}`);
    const source: Source = plan.isMagnet
      ? {
          kind: 'magnet',
          magnet: {
            infoHash: metainfo.infoHash,
            name: null,
            trackers: this.#trackerUrls,
            webSeeds: metainfo.webSeeds,
            peers: [],
            select: [],
            passedOver: [],
          },
        }
      : { kind: 'torrent', metainfo };
    const peers = this.#addresses.filter((_, i) => plan.peers[i]?.knownBy === 'user');
    const swarm = new TorrentSwarm(
      { source, session, torrent: { ...DEFAULT_TORRENT, peers } },
      {
        progress: () => ({
          downloaded: this.#download?.downloadedBytes ?? 0,
          left: this.#download?.leftBytes ?? UNKNOWN_LEFT_BYTES,
          fetched: this.#download?.webSeeds?.bytes ?? 0,
        }),
        onFirstUnchoke: (_, ms) => this.#log(`first unchoke after ${Math.round(ms)} ms`),
        onClosed: (outcomes) => {
          for (const { peer, reason } of outcomes)
            this.#log(`${this.#nameOf(peer)} closed: ${reason.stage}, ${reason.code}`);
        },
        onBanned: (peer) => this.#banned(peer),
        onShardLost: () => this.#log('a shard was lost'),
        onNews: ({ tracker, kind, text }) => this.#log(`${tracker} ${kind}: ${text}`),
        onListening: (port) => this.#log(`listens at ${port}`),
        onNetworkBack: ({ by }) => {
          this.#log(`the network is back, by ${by}`);
          this.#download?.webSeeds?.networkBack();
        },
        onBug: (error) => this.#bug(error),
      },
    );
    this.#swarm = swarm;
    void swarm.discovery.start();
    swarm
      .torrent()
      .then((found) => this.#prepare(swarm, found))
      .catch((error: unknown) => this.#bug(error));
  }

  async #prepare(swarm: TorrentSwarm, metainfo: SimContent['metainfo']): Promise<void> {
    if (this.#swarm !== swarm || this.#stopping !== null) return;
    const { session, storage } = this.#virtual;
    const { torrent } = swarm.race;
    const { geometry } = metainfo;
    storage.know(torrent, (piece, length) => this.content.bytes(piece, 0, length));
    this.#download = new Download(
      {
        torrent,
        metainfo,
        plan: storagePlan(metainfo, FOLDER),
        files: null,
        race: swarm.race,
        shards: session.settings.shards,
        webSeeds: { urls: usableWebSeeds(metainfo), pool: session.webSeeds },
        storage: session.storage,
        memoryBytes: this.plan.slots * geometry.blocksPerPiece * BLOCK,
        order: this.plan.order,
        world: session.world,
      },
      {
        onChecked: () => {},
        onJournalTrouble: () => {},
        onVerified: (pieces) => this.#log(`verified ${pieces.join(', ')}`),
        onPieceFailed: (piece) => this.#log(`piece ${piece} failed its hash`),
        onWebSeedLost: (url, reason) => this.#log(`${url} has nothing left: ${reason}`),
        onWebSeedWaits: (url, reason, ms) => this.#log(`${url} waits ${ms} ms: ${reason}`),
        onFileUnavailable: ({ path }) => this.#log(`no web seed has ${path}`),
        onComplete: () => this.#completed(),
        onFailure: (error) => this.#failed(error),
      },
    );
    await this.#download.prepare();
  }

  /** Takes it out of the session. */
  async stop(): Promise<void> {
    const swarm = this.#swarm;
    const download = this.#download;
    if (swarm === null) return;
    this.#stopping ??= Promise.all([download?.stop(), swarm.stop()]).then(() => {
      this.#swarm = null;
      this.#download = null;
      this.#stopping = null;
      this.#log('is out of the session');
      this.#checkLeft(swarm);
    });
    await this.#stopping;
  }

  /** The user takes it out and adds it again. */
  again(why: string): void {
    if (this.isComplete || this.#swarm === null || this.#stopping !== null) return;
    const { loop } = this.#virtual;
    this.#log(`is taken out: ${why}`);
    this.quietAt = Number.POSITIVE_INFINITY;
    this.stop()
      .then(() =>
        loop.soon(() =>
          loop.plainLater(AGAIN_MS, () => {
            this.quietAt = loop.time.now();
            this.begin();
          }),
        ),
      )
      .catch((error: unknown) => this.#bug(error));
  }

  #completed(): void {
    this.isComplete = true;
    this.completedAt = this.#virtual.loop.time.now();
    this.#log('complete');
    this.#swarm?.discovery.completed();
    this.#checkBytes();
    this.stop().catch((error: unknown) => this.#bug(error));
  }

  #failed(error: unknown): void {
    if (!(error instanceof Failure) || this.#virtual.disk.fired === 0) return this.#bug(error);
    this.again(error.message);
  }

  #bug(error: unknown): void {
    this.#log(`bug: ${error instanceof Error ? error.stack : String(error)}`);
    this.failures.push(`a bug: ${String(error)}`);
  }

  #banned(peer: PeerIndex): void {
    const name = this.#nameOf(peer);
    const plan = this.plan.peers[this.#addresses.findIndex(({ host }) => name.startsWith(`${host}:`))];
    this.#log(`${name} is banned (${plan?.kind ?? 'unknown'})`);
    if (plan === undefined || !mayBeBanned(plan)) this.failures.push(`${name} (${plan?.kind}) was banned`);
  }

  #nameOf(peer: PeerIndex): string {
    return this.#swarm?.race.peers.nameOf(peer) ?? `peer ${peer}`;
  }

  #checkBytes(): void {
    const plan = storagePlan(this.content.metainfo, FOLDER);
    for (const { path, offset, length } of plan.files) {
      const truth = this.content.all.subarray(offset, offset + length);
      const written = this.#virtual.disk.files.get(path) ?? Buffer.alloc(0);
      if (length > 0 && Buffer.compare(truth, written) !== 0)
        this.failures.push(`${path} is not what it is to be`);
    }
  }

  #checkLeft(swarm: TorrentSwarm): void {
    const { net, shards } = this.#virtual;
    // One that came to us and has not said which torrent it wants belongs to none.
    const dialled = this.#addresses.filter((_, i) => this.plan.peers[i]?.knownBy !== 'knock');
    const open = [...net.links].filter((link) => dialled.some(({ host }) => host === link.host));
    if (open.length > 0) this.failures.push(`${open.length} connections are left of it`);
    if (shards.alive.some(({ shard }) => shard.torrents.byInfoHash(this.#infoHash) !== null))
      this.failures.push('a shard still has it');
    if (swarm.race.peers.size > MAX_KNOWN_PEERS) this.failures.push('too many addresses are known');
  }
}
