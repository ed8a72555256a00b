/** One torrent of a simulation: adds it to the session like a user, adds it again after a fault, and checks the result. */
import { Failure } from '../../src/main/failure.ts';
import type { TorrentEvent } from '../../src/main/session/events.ts';
import { DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { SessionTorrent } from '../../src/main/session/torrent.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import type { Source } from '../../src/main/torrent/source.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { LivedTimer } from '../../src/shared/lived-timer.ts';
import type { VirtualSession } from '../support/virtual-session.ts';
import type { PeerPlan, TorrentPlan } from './scenario.ts';
import { contentOf, type SimContent } from './sim-content.ts';
import { mayBeBanned, scriptOf } from './sim-peers.ts';

const AGAIN_MS = 1_000;
/** A pause must be complete within this time. */
const REST_MS = 20_000;
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
  /** From this moment on nothing of this torrent delays it. */
  quietAt: number;
  readonly #virtual: VirtualSession;
  readonly #log: (text: string) => void;
  readonly #trackerUrls: readonly string[];
  readonly #addresses: readonly HostPort[];
  /** Why it was given up; null if it was not. */
  givenUp: string | null = null;
  #torrent: SessionTorrent | null = null;

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
    const { bytes, metainfo } = this.content;
    virtual.storage.know(metainfo.pieceHashes, (piece, length) => bytes(piece, 0, length));
    this.#populate();
  }

  /** True if nothing more will happen to it. */
  get isOver(): boolean {
    return this.isComplete || this.givenUp !== null;
  }

  get #infoHash(): Uint8Array {
    return this.content.infoHash;
  }

  /** Adds its peers and trackers to the network. */
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
        if (this.#torrent !== null && !isThere && loop.time.now() >= peer.awayUntilMs)
          net.knock(fake, address);
      });
    }
    for (const [i, { kind, untilMs }] of plan.trackers.entries())
      trackers.add(`t${i}.${this.name}.test`, { kind, untilMs, peers: knownBy('tracker') });
  }

  begin(): void {
    const { plan, content } = this;
    const { metainfo } = content;
    this.#log(`begins: ${metainfo.geometry.pieceCount} pieces of ${metainfo.geometry.pieceLength}`);
    const peers = this.#addresses.filter((_, i) => plan.peers[i]?.knownBy === 'user');
    const torrent = new SessionTorrent(
      this.#source,
      {
        ...DEFAULT_TORRENT,
        ...{ output: FOLDER, peers, sequential: plan.order === 'sequential' },
        ...{ firstUnchokeTimeout: 0, idleTimeout: 0 },
      },
      this.#virtual.session,
    );
    this.#torrent = torrent;
    torrent.on((event) => this.#heard(event));
    torrent.completed.then(
      () => this.#completed(),
      (error: unknown) => this.#failed(error),
    );
    torrent.begin();
  }

  get #source(): Source {
    const { metainfo } = this.content;
    if (!this.plan.isMagnet) return { kind: 'torrent', metainfo };
    const { infoHash, webSeeds } = metainfo;
    const nothing = { name: null, peers: [], select: [], passedOver: [] };
    return { kind: 'magnet', magnet: { infoHash, trackers: this.#trackerUrls, webSeeds, ...nothing } };
  }

  #heard(event: TorrentEvent): void {
    if (event.type === 'peer-banned') this.#banned(event.peer);
    else if (event.type !== 'progress') this.#log(JSON.stringify(event));
  }

  /** Removes it from the session. */
  async stop(): Promise<void> {
    const torrent = this.#torrent;
    this.#torrent = null;
    await torrent?.remove();
    this.#log('is out of the session');
    this.#checkLeft();
  }

  /** The user removes it and adds it again, or pauses it. */
  again(): void {
    const torrent = this.#torrent;
    if (this.isOver || torrent === null) return;
    const rests = (this.plan.removedAtMs ?? 0) % 2 === 0;
    this.#log(rests ? 'rests' : 'is taken out');
    this.quietAt = Number.POSITIVE_INFINITY;
    let isResting = false;
    this.#later(REST_MS, () => {
      if (!isResting) this.failures.push('it does not come to rest');
    });
    (rests ? torrent.pause() : this.stop())
      .finally(() => {
        isResting = true;
      })
      .then(() => this.#checkLeft())
      .then(() => this.#later(AGAIN_MS, () => this.#goesOn(rests ? torrent : null)))
      .catch((error: unknown) => this.#bug(error));
  }

  /** Counts lived time. The user's actions are not timers of the session. */
  #later(ms: number, work: () => void): void {
    const { loop } = this.#virtual;
    const then = (): void => {
      loop.touch();
      if (!this.isOver) work();
    };
    new LivedTimer(ms, then, loop.now, (stepMs, look) => {
      loop.time.after(stepMs, look);
      return () => {};
    });
  }

  #goesOn(torrent: SessionTorrent | null): void {
    this.quietAt = this.#virtual.loop.time.now();
    if (torrent === null) return this.begin();
    // Its download may have failed or ended before the pause.
    this.#log('goes on');
    torrent.resume().catch((error: unknown) => this.#bug(error));
  }

  #completed(): void {
    this.isComplete = true;
    this.completedAt = this.#virtual.loop.time.now();
    this.#log('complete');
    this.#checkBytes();
    this.stop().catch((error: unknown) => this.#bug(error));
  }

  #failed(error: unknown): void {
    if (!(error instanceof Failure)) return this.#bug(error);
    if (error.code === 'interrupted') return;
    this.#log(`failed: ${error.message}`);
    if (error.code === 'disk' && this.#virtual.disk.fired > 0) {
      this.#torrent = null;
      this.quietAt = Number.POSITIVE_INFINITY;
      this.#later(AGAIN_MS, () => this.#goesOn(null));
    } else this.givenUp = error.message;
  }

  #bug(error: unknown): void {
    this.#log(`bug: ${error instanceof Error ? error.stack : String(error)}`);
    this.failures.push(`a bug: ${String(error)}`);
  }

  #banned(name: string): void {
    const plan = this.plan.peers[this.#addresses.findIndex(({ host }) => name.startsWith(`${host}:`))];
    this.#log(`${name} is banned (${plan?.kind ?? 'unknown'})`);
    if (plan === undefined || !mayBeBanned(plan)) this.failures.push(`${name} (${plan?.kind}) was banned`);
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

  #checkLeft(): void {
    const { net, shards } = this.#virtual;
    // An incoming peer that has not named its torrent belongs to none.
    const dialled = this.#addresses.filter((_, i) => this.plan.peers[i]?.knownBy !== 'knock');
    const open = [...net.links].filter((link) => dialled.some(({ host }) => host === link.host));
    if (open.length > 0) this.failures.push(`${open.length} connections are left of it`);
    if (shards.alive.some(({ shard }) => shard.torrents.byInfoHash(this.#infoHash) !== null))
      this.failures.push('a shard still has it');
  }
}
