/** One torrent of a simulation: adds it to the session like a user, adds it again after a fault, and checks the result. */

import { Failure } from '../../src/main/failure.ts';
import type { TorrentEvent } from '../../src/main/session/events.ts';
import { DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { SessionTorrent } from '../../src/main/session/torrent.ts';
import { infoHashes } from '../../src/main/torrent/metainfo.ts';
import type { Source } from '../../src/main/torrent/source.ts';
import { LivedTimer } from '../../src/shared/lived-timer.ts';
import type { VirtualMachine } from '../support/virtual-machine.ts';
import { truthKeyOf } from '../support/virtual-storage-threads.ts';
import { honestRate } from './honest-rate.ts';
import type { ReaderPlan, Scenario, TorrentPlan } from './scenario.ts';
import { contentOf, type SimContent } from './sim-content.ts';
import { claimsOf } from './sim-journal.ts';
import { SimOldFiles } from './sim-old-files.ts';
import { mayBeBanned } from './sim-peers.ts';
import { SimReader } from './sim-reader.ts';
import { SimSwarm, trackerUrls } from './sim-swarm.ts';

const AGAIN_MS = 1_000;
/** A pause must be complete within this time. */
const REST_MS = 20_000;
const MOST_DISK_FAILURES = 8;
const FOLDER = '/simulated';

export class SimTorrent {
  readonly name: string;
  readonly index: number;
  readonly plan: TorrentPlan;
  readonly content: SimContent;
  /** Bytes per second of the slowest source that can be relied on; null where pieces may have none. */
  readonly honestRate: number | null;
  readonly failures: string[] = [];
  isComplete = false;
  /** Milliseconds of the run when it was complete or given up. */
  endedAt = Number.POSITIVE_INFINITY;
  /** From this moment on nothing of this torrent delays it. */
  quietAt: number;
  readonly #machine: VirtualMachine;
  readonly #log: (text: string) => void;
  readonly #swarm: SimSwarm;
  readonly #old: SimOldFiles | null;
  /** Why it was given up; null where it was not. */
  givenUp: string | null = null;
  #torrent: SessionTorrent | null = null;
  /** It is being taken out. */
  #leaving: SessionTorrent | null = null;
  /** It is to run: the user has named it. */
  #isWanted = false;
  /** Processes that were killed: what was planned in one does not happen in the next. */
  #kills = 0;
  /** Bytes of pieces that a journal claimed when a process was killed. */
  #claimed = 0;
  /** Every piece was verified when the power failed: its journal was gone, and its bytes may not be flushed. */
  #overwrites = false;
  #diskFailures = 0;
  #powerLosses = 0;
  /** A process was killed when it had everything. */
  #wasWhole = false;
  #readers: SimReader[] = [];

  constructor(
    plan: TorrentPlan,
    index: number,
    session: Scenario,
    machine: VirtualMachine,
    log: (text: string) => void,
  ) {
    this.name = `torrent${index}`;
    this.index = index;
    this.plan = plan;
    this.honestRate = honestRate(plan, session);
    this.quietAt = plan.startsAtMs;
    this.#machine = machine;
    this.#log = (text) => log(`${this.name}: ${text}`);
    const webSeeds = plan.webSeeds.map((_, i) => `http://w${i}.${this.name}.test/`);
    this.content = contentOf(plan.content, this.name, trackerUrls(plan, this.name), webSeeds);
    const { bytes, metainfo } = this.content;
    const { old = null } = plan;
    this.#old = old === null ? null : new SimOldFiles(machine.disk, this.name, this.content, old);
    machine.truths.set(truthKeyOf(metainfo), (piece, length) => bytes(piece, 0, length));
    this.#swarm = new SimSwarm(machine, this, session, () => this.#torrent !== null);
  }

  /** Readers of the process that have neither come to their end nor heard why not. */
  get reading(): number {
    return this.#readers.filter(({ isOver }) => !isOver).length;
  }

  /** True if nothing more will happen to it. */
  get isOver(): boolean {
    return this.isComplete || this.givenUp !== null;
  }

  /** The user names it. */
  start(): void {
    this.#isWanted = true;
    const changesAtMs = this.plan.old?.changesAtMs ?? null;
    if (changesAtMs !== null) this.#machine.loop.after(changesAtMs, () => this.#old?.change());
    if (!this.#machine.current.process.isDead) this.#begin();
  }

  /** Its process was killed. What its journal claims is there: the journal is written after the bytes. */
  killed(losesPower: boolean): void {
    this.#kills += 1;
    if (losesPower) this.#powerLosses += 1;
    this.#readers = [];
    const stats = (this.#torrent ?? this.#leaving)?.stats;
    this.#torrent = null;
    this.#leaving = null;
    if (!this.#isWanted || this.isOver) return;
    this.quietAt = Number.POSITIVE_INFINITY;
    const { disk } = this.#machine;
    const { pieces, wrong, bytes } = claimsOf(disk, `${FOLDER}/${this.name}`, this.content);
    this.#log(`killed${losesPower ? ' by a power loss' : ''}; its journal claims ${pieces.length} pieces`);
    this.#claimed = Math.max(this.#claimed, bytes);
    const isWhole = stats !== undefined && stats.totalBytes > 0 && stats.bytes === stats.totalBytes;
    this.#wasWhole ||= isWhole;
    // The journal is gone then, and the system writes the last bytes in its own time: also while the next process runs.
    this.#overwrites ||= losesPower && this.#wasWhole;
    for (const piece of wrong) this.failures.push(`the journal claims piece ${piece}, which is not there`);
  }

  /** The user runs the same command again. */
  restarted(): void {
    if (!this.#isWanted || this.isOver) return;
    this.quietAt = this.#machine.loop.time.now();
    this.#begin();
  }

  #begin(): void {
    const { plan, content } = this;
    const { metainfo } = content;
    this.#log(`begins: ${metainfo.geometry.pieceCount} pieces of ${metainfo.geometry.pieceLength}`);
    const peers = this.#swarm.knownBy('user');
    const torrent = new SessionTorrent(
      this.#source,
      {
        ...DEFAULT_TORRENT,
        ...{ output: FOLDER, peers, sequential: plan.order === 'sequential' },
        overwrite: this.#overwrites,
        preallocate: plan.preallocates ? 'full' : 'none',
        reuse: this.#old === null ? [] : [this.#old.folder],
        ...{ firstUnchokeTimeout: 0, idleTimeout: 0 },
      },
      this.#machine.current.session,
    );
    this.#torrent = torrent;
    torrent.on((event) => this.#heard(event));
    torrent.completed.then(
      () => this.#completed(),
      (error: unknown) => this.#failed(error),
    );
    torrent.begin();
    for (const reader of plan.readers) this.#later(reader.atMs, () => this.#read(reader));
  }

  #read(plan: ReaderPlan): void {
    const torrent = this.#torrent;
    if (torrent === null) return;
    const reader = new SimReader(plan, this.content, (text) => this.failures.push(text));
    if (reader.begin(torrent)) this.#readers.push(reader);
    else this.#later(AGAIN_MS, () => this.#read(plan));
  }

  get #source(): Source {
    const { metainfo } = this.content;
    if (!this.plan.isMagnet) return { kind: 'torrent', metainfo };
    const { webSeeds } = metainfo;
    const nothing = { name: null, peers: [], select: [], passedOver: [] };
    return {
      kind: 'magnet',
      magnet: {
        hashes: infoHashes(metainfo),
        trackers: trackerUrls(this.plan, this.name),
        webSeeds,
        ...nothing,
      },
    };
  }

  #heard(event: TorrentEvent): void {
    if (event.type === 'peer-banned') this.#banned(event.peer);
    if (event.type === 'complete' && event.downloaded > event.bytes - this.#claimed)
      this.failures.push('it downloaded again what a journal had claimed');
    if (event.type !== 'progress') this.#log(JSON.stringify(event));
  }

  /** Removes it from the session. */
  async stop(): Promise<void> {
    const torrent = this.#torrent;
    this.#torrent = null;
    this.#leaving = torrent;
    await torrent?.remove();
    this.#leaving = null;
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
    const { loop } = this.#machine;
    const kills = this.#kills;
    const then = (): void => {
      if (!this.isOver && this.#kills === kills) work();
    };
    new LivedTimer(ms, then, loop.now, (stepMs, look) => {
      loop.after(stepMs, look);
      return () => {};
    });
  }

  #goesOn(torrent: SessionTorrent | null): void {
    this.quietAt = this.#machine.loop.time.now();
    // It may have failed while it was taken out: one of the two has begun it again.
    if (torrent === null) return this.#torrent === null ? this.#begin() : undefined;
    // Its download may have failed or ended before it was to rest.
    this.#log('goes on');
    torrent.resume().catch((error: unknown) => this.#bug(error));
  }

  #completed(): void {
    this.isComplete = true;
    this.endedAt = this.#machine.loop.time.now();
    this.#log('complete');
    this.#checkBytes();
    this.stop().catch((error: unknown) => this.#bug(error));
  }

  #failed(error: unknown): void {
    if (!(error instanceof Failure)) return this.#bug(error);
    if (error.code === 'interrupted') return;
    this.#log(`failed: ${error.message}`);
    const { fired } = this.#machine.disk;
    // One fault kept the journal from being written, another one broke off a piece, or the power failed: nothing shows whose the file is.
    this.#overwrites ||= fired + this.#powerLosses > 1 && error.message.includes('in the way');
    this.#diskFailures += 1;
    // Each fault that is planned happens once.
    if (error.code === 'disk' && fired > 0 && this.#diskFailures <= MOST_DISK_FAILURES) {
      this.#torrent = null;
      this.quietAt = Number.POSITIVE_INFINITY;
      this.#later(AGAIN_MS, () => this.#goesOn(null));
    } else {
      this.givenUp = error.message;
      this.endedAt = this.#machine.loop.time.now();
    }
  }

  #bug(error: unknown): void {
    this.#log(`bug: ${error instanceof Error ? error.stack : String(error)}`);
    this.failures.push(`a bug: ${String(error)}`);
  }

  #banned(name: string): void {
    const plan = this.#swarm.planOf(name);
    this.#log(`${name} is banned (${plan?.kind ?? 'unknown'})`);
    if (plan === undefined || !mayBeBanned(plan)) this.failures.push(`${name} (${plan?.kind}) was banned`);
  }

  #checkBytes(): void {
    this.failures.push(...(this.#old?.wrong ?? []));
    for (const { path, offset, length, padding } of this.content.metainfo.files) {
      if (padding) continue;
      const name = [FOLDER, ...path].join('/');
      const truth = this.content.all.subarray(offset, offset + length);
      if (Buffer.compare(truth, this.#machine.disk.content(name)) !== 0)
        this.failures.push(`${name} is not what it is to be`);
    }
  }

  #checkLeft(): void {
    const { current } = this.#machine;
    const open = this.#swarm.connected;
    if (open > 0) this.failures.push(`${open} connections are left of it`);
    if (current.shards.alive.some(({ shard }) => shard.torrents.byInfoHash(this.content.infoHash) !== null))
      this.failures.push('a shard still has it');
  }
}
