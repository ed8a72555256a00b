/** One torrent of a simulation: adds it to the session as a user would, adds it again after a fault, and checks what came of it. */
import { Failure } from '../../src/main/failure.ts';
import type { TorrentEvent } from '../../src/main/session/events.ts';
import { DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { SessionTorrent } from '../../src/main/session/torrent.ts';
import type { Source } from '../../src/main/torrent/source.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { LivedTimer } from '../../src/shared/lived-timer.ts';
import type { VirtualMachine } from '../support/virtual-machine.ts';
import { addressOf } from '../support/virtual-session.ts';
import { truthKey } from '../support/virtual-storage-threads.ts';
import { udpTracker } from '../support/virtual-udp-tracker.ts';
import { honestRate } from './honest-rate.ts';
import type { PeerPlan, Scenario, TorrentPlan } from './scenario.ts';
import { contentOf, type SimContent } from './sim-content.ts';
import { claimsOf } from './sim-journal.ts';
import { mayBeBanned, scriptOf } from './sim-peers.ts';

const AGAIN_MS = 1_000;
/** It must have come to rest by then. */
const REST_MS = 20_000;
const KNOCK_MS = 15_000;
const UDP_PORT = 6_969;
const MOST_DISK_FAILURES = 8;
const FOLDER = '/simulated';

export class SimTorrent {
  readonly name: string;
  readonly plan: TorrentPlan;
  readonly content: SimContent;
  /** Bytes per second of the slowest source that can be relied on; null where pieces may have none. */
  readonly honestRate: number | null;
  readonly failures: string[] = [];
  isComplete = false;
  /** Milliseconds of the run when it was complete. */
  completedAt = Number.NaN;
  /** From this moment on nothing of its own holds it up. */
  quietAt: number;
  readonly #machine: VirtualMachine;
  readonly #log: (text: string) => void;
  readonly #trackerUrls: readonly string[];
  readonly #addresses: readonly HostPort[];
  /** Why it was given up; null where it was not. */
  givenUp: string | null = null;
  #torrent: SessionTorrent | null = null;
  /** It is to run: the user has named it. */
  #isWanted = false;
  /** Processes that were killed: what was planned in one does not happen in the next. */
  #kills = 0;
  /** Bytes of pieces that a journal claimed when a process was killed. */
  #claimed = 0;
  /** Every piece was verified when the power failed: its journal was gone, and its bytes may not be flushed. */
  #overwrites = false;
  #diskFailures = 0;

  constructor(
    plan: TorrentPlan,
    index: number,
    session: Scenario,
    machine: VirtualMachine,
    log: (text: string) => void,
  ) {
    this.name = `torrent${index}`;
    this.plan = plan;
    this.honestRate = honestRate(plan, session);
    this.quietAt = plan.startsAtMs;
    this.#machine = machine;
    this.#log = (text) => log(`${this.name}: ${text}`);
    this.#trackerUrls = plan.trackers.map(({ way }, i) => {
      const host = `t${i}.${this.name}.test`;
      return way === 'udp' ? `udp://${host}:${UDP_PORT}/announce` : `http://${host}/announce`;
    });
    const webSeeds = plan.webSeeds.map((_, i) => `http://w${i}.${this.name}.test/`);
    this.content = contentOf(plan.content, this.name, this.#trackerUrls, webSeeds);
    this.#addresses = plan.peers.map((_, i) => ({ host: `${11 + index}.${i}.0.7`, port: 6_881 + i }));
    const { bytes, metainfo } = this.content;
    machine.truths.set(truthKey(metainfo.pieceHashes), (piece, length) => bytes(piece, 0, length));
    this.#populate(session.encryption !== 'off');
  }

  /** Nothing more is to come of it. */
  get isOver(): boolean {
    return this.isComplete || this.givenUp !== null;
  }

  get #infoHash(): Uint8Array {
    return this.content.infoHash;
  }

  /** Its peers and trackers are in the network. */
  #populate(encrypts: boolean): void {
    const { plan, content } = this;
    const { net, loop, trackers, datagrams, dhtPeers } = this.#machine;
    const knownBy = (way: PeerPlan['knownBy']): HostPort[] =>
      this.#addresses.filter((_, i) => plan.peers[i]?.knownBy === way);
    let halves = 0;
    for (const [i, peer] of plan.peers.entries()) {
      const address = this.#addresses[i] as HostPort;
      const part = peer.kind === 'half' ? halves++ : 0;
      const { speaks, over } = peer;
      // Where we never begin an encrypted stream it makes no difference that a peer knows both.
      const isPlain = !encrypts && speaks !== 'encrypted';
      const ways = { speaks: isPlain ? null : speaks, over, infoHash: content.infoHash };
      net.add(address.host, address.port, scriptOf(peer, content, knownBy('pex'), part), ways);
      if (peer.knownBy !== 'knock') continue;
      loop.time.every(KNOCK_MS, () => {
        const isThere = [...net.links].some(({ host }) => host === address.host);
        if (this.#torrent !== null && !isThere && loop.time.now() >= peer.awayUntilMs) net.knock(address);
      });
    }
    const peers = knownBy('tracker');
    for (const [i, { kind, untilMs }] of plan.trackers.entries()) {
      const host = `t${i}.${this.name}.test`;
      const tracker = { kind, untilMs, peers };
      trackers.add(host, tracker);
      datagrams.serve(addressOf(host), UDP_PORT, udpTracker(trackers.overUdp(tracker, loop.time.now)));
    }
    dhtPeers.set(content.infoHash[0] ?? 0, knownBy('dht'));
  }

  /** The user names it. */
  start(): void {
    this.#isWanted = true;
    if (!this.#machine.current.process.isDead) this.#begin();
  }

  /** Its process was killed. What its journal claims is there: the journal is written after the bytes. */
  killed(losesPower: boolean): void {
    this.#kills += 1;
    const stats = this.#torrent?.stats;
    this.#torrent = null;
    if (!this.#isWanted || this.isOver) return;
    this.quietAt = Number.POSITIVE_INFINITY;
    const { disk } = this.#machine;
    const { pieces, wrong, bytes } = claimsOf(disk, `${FOLDER}/${this.name}`, this.content);
    this.#log(`killed${losesPower ? ' by a power loss' : ''}; its journal claims ${pieces.length} pieces`);
    this.#claimed = Math.max(this.#claimed, bytes);
    const isWhole = stats !== undefined && stats.totalBytes > 0 && stats.bytes === stats.totalBytes;
    this.#overwrites ||= losesPower && isWhole;
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
    const peers = this.#addresses.filter((_, i) => plan.peers[i]?.knownBy === 'user');
    const torrent = new SessionTorrent(
      this.#source,
      {
        ...DEFAULT_TORRENT,
        ...{ output: FOLDER, peers, sequential: plan.order === 'sequential' },
        overwrite: this.#overwrites,
        preallocate: plan.preallocates ? 'full' : 'none',
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
    if (event.type === 'complete' && event.downloaded > event.bytes - this.#claimed)
      this.failures.push('it downloaded again what a journal had claimed');
    if (event.type !== 'progress') this.#log(JSON.stringify(event));
  }

  /** Takes it out of the session. */
  async stop(): Promise<void> {
    const torrent = this.#torrent;
    this.#torrent = null;
    await torrent?.remove();
    this.#log('is out of the session');
    this.#checkLeft();
  }

  /** The user takes it out and adds it again, or lets it rest. */
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

  /** In lived time. What the user does is no timer of the session. */
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
    if (torrent === null) return this.#begin();
    // Its download may have failed or ended before it was to rest.
    this.#log('goes on');
    torrent.resume().catch((error: unknown) => this.#bug(error));
  }

  #completed(): void {
    this.isComplete = true;
    this.completedAt = this.#machine.loop.time.now();
    this.#log('complete');
    this.#checkBytes();
    this.stop().catch((error: unknown) => this.#bug(error));
  }

  #failed(error: unknown): void {
    if (!(error instanceof Failure)) return this.#bug(error);
    if (error.code === 'interrupted') return;
    this.#log(`failed: ${error.message}`);
    const { fired } = this.#machine.disk;
    // One fault kept the journal from being written, another one broke off a piece: nothing shows whose the file is.
    this.#overwrites ||= fired > 1 && error.message.includes('in the way');
    this.#diskFailures += 1;
    // Each fault that is planned happens once.
    if (error.code === 'disk' && fired > 0 && this.#diskFailures <= MOST_DISK_FAILURES) {
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
    for (const { path, offset, length } of this.content.metainfo.files) {
      const name = [FOLDER, ...path].join('/');
      const truth = this.content.all.subarray(offset, offset + length);
      if (Buffer.compare(truth, this.#machine.disk.content(name)) !== 0)
        this.failures.push(`${name} is not what it is to be`);
    }
  }

  #checkLeft(): void {
    const { net, current } = this.#machine;
    // One that came to us and has not said which torrent it wants belongs to none.
    const dialled = this.#addresses.filter((_, i) => this.plan.peers[i]?.knownBy !== 'knock');
    const open = [...net.links].filter((link) => dialled.some(({ host }) => host === link.host));
    if (open.length > 0) this.failures.push(`${open.length} connections are left of it`);
    if (current.shards.alive.some(({ shard }) => shard.torrents.byInfoHash(this.#infoHash) !== null))
      this.failures.push('a shard still has it');
  }
}
