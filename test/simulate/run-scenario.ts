/** Runs one scenario and says what was wrong. */
import { join } from 'node:path';
import { userFolder } from '../../src/main/files/user-folders.ts';
import { DEFAULT_SESSION } from '../../src/main/session/settings.ts';
import { BLOCK_BYTES, TURNOVER_INTERVAL_MS } from '../../src/shared/limits.ts';
import type { DiskAbilities } from '../support/virtual-files.ts';
import type { VirtualHttp } from '../support/virtual-http.ts';
import { VirtualMachine } from '../support/virtual-machine.ts';
import { DHT_NODE } from '../support/virtual-session.ts';
import type { DiskKind, Scenario } from './scenario.ts';
import type { EventPlan } from './scenario-events.ts';
import { SimTorrent } from './sim-torrent.ts';
import { answerOf } from './sim-web-seeds.ts';

/**
 * The time that a download may take beyond bytes left / honest rate, from the moment on when nothing disturbs it: time-outs of
 * silent peers (60 s), waits before a lost peer or a failed tracker is tried again (120 s), suspects, slow owners. With few
 * places, peers that send nothing are tried first, one each half minute.
 */
const CONSTANT_MS = 240_000;
/** With memory for one piece alone, each piece may be in the hands of a peer that trickles, lies or is silent first. */
const ONLY_SLOT_MS = 20_000;
/** It must be usable whenever it is there. */
const KEY = join(userFolder('state'), 'journal.key');
/** No scenario needs so long. */
const MOST_MS = 14_400_000;
const CLOSE_MS = 20_000;
const READ_MS = 1_000;
/** One without a promise is looked at for so long. */
const LOOK_MS = 30_000;

export interface Outcome {
  readonly failures: readonly string[];
  /** Milliseconds of the longest download beyond its quiet moment and bytes / rate. */
  readonly beyondMs: number;
  readonly virtualMs: number;
}

/** What the file systems can do. */
const ABILITIES: Readonly<Record<DiskKind, DiskAbilities>> = {
  plain: { holdsFolders: true, hasLinks: true, hasClones: false },
  'no descriptors': { holdsFolders: false, hasLinks: true, hasClones: true },
  'no links': { holdsFolders: true, hasLinks: false, hasClones: true },
};

export type Log = (text: string) => void;

export async function runScenario(scenario: Scenario, log: Log = () => {}): Promise<Outcome> {
  const run = new ScenarioRun(scenario, log);
  return run.outcome();
}

class ScenarioRun {
  readonly #machine: VirtualMachine;
  readonly #torrents: readonly SimTorrent[];
  readonly #log: Log;
  /** From this moment on nothing disturbs the session. */
  #quietAt = 0;
  #isClosing = false;
  readonly #hasFewPlaces: boolean;
  readonly #isEachPromised: boolean;
  readonly #allowedMs: number;
  /** Until then peers are not there. */
  readonly #awayUntil: number;
  #beyondMs = 0;

  constructor(scenario: Scenario, log: Log) {
    const { shards, hashers, maxPeers, halfOpen, listens, seed } = scenario;
    this.#hasFewPlaces = maxPeers > 0;
    const settings = {
      ...DEFAULT_SESSION,
      ...{ shards, hashers, maxPeers, halfOpen },
      memory: scenario.torrents.reduce(
        (sum, { slots, content }) => sum + slots * slotBytes(content.pieceLength),
        0,
      ),
      port: listens ? 0 : null,
      ...{ encryption: scenario.encryption, utp: scenario.utp, lsd: false },
      ...{ dht: scenario.dht, dhtBootstrap: [DHT_NODE] },
    };
    const torrents: SimTorrent[] = [];
    const use = { downloads: true, torrents: scenario.torrents.length };
    const disk = ABILITIES[scenario.disk];
    const servers = (http: VirtualHttp): void => {
      const { net } = this.#machine;
      for (const { plan, name, content } of torrents) {
        http.own({ asked: [], fileOf: content.fileOf });
        for (const [i, webSeed] of plan.webSeeds.entries()) {
          const answer = answerOf(webSeed);
          http.host(`w${i}.${name}.test`, (asked, file) =>
            net.state === 'up' ? answer(asked, file) : 'refused',
          );
        }
      }
    };
    this.#machine = new VirtualMachine({ settings, use, seed, disk, servers });
    const { loop } = this.#machine;
    const { time } = loop;
    this.#log = (text) => log(`${(time.now() / 1_000).toFixed(3)} ${text}`);
    this.#machine.net.tell = this.#log;
    for (const [i, plan] of scenario.torrents.entries())
      torrents.push(new SimTorrent(plan, i, scenario, this.#machine, this.#log));
    this.#torrents = torrents;
    this.#isEachPromised = torrents.every(({ honestRate }) => honestRate !== null);
    this.#allowedMs = this.#allAllowedMs;
    const awayUntil = scenario.torrents.flatMap(({ peers }) => peers.map(({ awayUntilMs }) => awayUntilMs));
    this.#awayUntil = Math.max(0, ...awayUntil);
    for (const event of scenario.events) loop.after(event.atMs, () => this.#happens(event));
    for (const torrent of torrents)
      loop.after(torrent.plan.startsAtMs, () => {
        torrent.start();
        const { removedAtMs } = torrent.plan;
        if (removedAtMs !== null) loop.after(removedAtMs, () => torrent.again());
      });
    const ends = scenario.events.map(({ atMs }) => atMs);
    this.#quietAt = Math.max(0, ...ends);
  }

  async outcome(): Promise<Outcome> {
    const { loop, bugs } = this.#machine;
    const failures: string[] = [];
    try {
      await loop.run(MOST_MS, () => this.#isOver());
      if (loop.time.now() >= MOST_MS) failures.push('it does not come to an end');
      for (const torrent of this.#torrents) {
        const beyondMs = torrent.endedAt - (this.#dueAt(torrent) - CONSTANT_MS);
        if (torrent.isComplete && this.#isPromised(torrent))
          this.#beyondMs = Math.max(this.#beyondMs, beyondMs);
        const lateMs = loop.time.now() - this.#dueAt(torrent);
        if (torrent.givenUp !== null && this.#isPromised(torrent))
          failures.push(`${torrent.name} was given up: ${torrent.givenUp}`);
        else if (!torrent.isComplete && lateMs > 0 && this.#isPromised(torrent))
          failures.push(
            `${torrent.name} is not complete ${Math.round((lateMs + CONSTANT_MS) / 1_000)} s after it was due`,
          );
      }
      if (failures.length > 0) for (const slot of this.#machine.current.storage.slots) this.#log(slot);
      await this.#close(failures);
    } catch (error) {
      bugs.push(error);
    }
    for (const { failures: own, name } of this.#torrents)
      failures.push(...own.map((text) => `${name}: ${text}`));
    for (const bug of bugs) {
      this.#log(`bug: ${bug instanceof Error ? bug.stack : String(bug)}`);
      failures.push(`a bug: ${String(bug)}`);
    }
    return { failures, beyondMs: this.#beyondMs, virtualMs: loop.time.now() };
  }

  #isOver(): boolean {
    const { loop, bugs } = this.#machine;
    if (bugs.length > 0) return true;
    const now = loop.time.now();
    return this.#torrents.every((torrent) => {
      if (torrent.failures.length > 0) return true;
      return torrent.isOver || now > this.#dueAt(torrent);
    });
  }

  /** True if every piece has an honest source, and no torrent that may never end keeps the memory from it. */
  #isPromised(torrent: SimTorrent): boolean {
    return this.#isEachPromised && torrent.honestRate !== null;
  }

  /** When it must be complete: it may wait for the memory of other torrents. Without a promise, it is watched for a while. */
  #dueAt(torrent: SimTorrent): number {
    let quietAt = Math.max(this.#quietAt, this.#awayUntil);
    // Nothing more is done to one that is over: it may be complete while the user takes it out.
    for (const one of this.#torrents) quietAt = Math.max(quietAt, Math.min(one.quietAt, one.endedAt));
    return quietAt + (this.#isPromised(torrent) ? this.#allowedMs : LOOK_MS);
  }

  /** What the downloads of all may take once nothing disturbs them. */
  get #allAllowedMs(): number {
    return this.#torrents.reduce((sum, { plan, content, honestRate }) => {
      const turns = this.#hasFewPlaces ? plan.peers.length * TURNOVER_INTERVAL_MS : 0;
      const { pieceCount } = content.metainfo.geometry;
      const tries = plan.slots === 1 ? pieceCount * ONLY_SLOT_MS : 0;
      return sum + (content.all.length / (honestRate ?? 1)) * 1_000 + turns + tries + CONSTANT_MS;
    }, 0);
  }

  async #close(failures: string[]): Promise<void> {
    const machine = this.#machine;
    const { loop } = machine;
    this.#isClosing = true;
    if (machine.current.process.isDead) machine.restart();
    const { session } = machine.current;
    let isClosed = false;
    const closed = Promise.all(this.#torrents.map((torrent) => torrent.stop()))
      .then(() => session.close())
      .then(() => {
        isClosed = true;
      });
    await loop.run(loop.time.now() + CLOSE_MS, () => isClosed);
    if (!isClosed) return void failures.push('the session does not close');
    await closed;
    // What is verified is read to its end.
    const isRead = this.#torrents.some(({ reading }) => reading > 0);
    await loop.run(loop.time.now() + (isRead ? READ_MS : 10));
    for (const { reading, name } of this.#torrents)
      if (reading > 0) failures.push(`${reading} readers of ${name} hear nothing of their end`);
    for (const left of machine.left) failures.push(`left after the end: ${left}`);
  }

  #happens(event: EventPlan): void {
    const { net, loop, disk, current } = this.#machine;
    const { shards, storage, webSeeds } = current;
    if (this.#isClosing) return;
    this.#log(`event: ${JSON.stringify(event)}`);
    switch (event.type) {
      case 'cut':
        net.cut(event.percent);
        break;
      case 'away':
        this.#away(event);
        break;
      case 'suspend':
        loop.time.suspend(event.forMs);
        break;
      case 'shard dies':
        shards.kill(event.which);
        break;
      case 'storage thread dies':
        storage.kill(event.which);
        break;
      case 'web-seed thread dies':
        webSeeds.kill();
        break;
      case 'disk':
        disk.plan(event);
        break;
      case 'killed':
        this.#killed(event);
        break;
    }
    this.#quietAt = Math.max(this.#quietAt, loop.time.now());
  }

  #killed({ losesPower, forMs }: Extract<EventPlan, { type: 'killed' }>): void {
    const machine = this.#machine;
    const { loop } = machine;
    if (machine.current.process.isDead) return;
    machine.kill(losesPower);
    for (const torrent of this.#torrents) torrent.killed(losesPower);
    if (machine.disk.find(KEY)?.bytes.length === 0) machine.bugs.push(new Error('the journal key is empty'));
    loop.after(forMs, () => {
      if (this.#isClosing) return;
      this.#log('event: the next process begins');
      machine.restart();
      for (const torrent of this.#torrents) torrent.restarted();
    });
    this.#quietAt = Math.max(this.#quietAt, loop.time.now() + forMs);
  }

  #away({ how, forMs }: Extract<EventPlan, { type: 'away' }>): void {
    const { net, loop, current } = this.#machine;
    if (net.state !== 'up') return;
    net.leave(how);
    current.webSeeds.http?.hangUpAll();
    loop.time.after(forMs, () => {
      this.#log('event: the network is there again');
      net.back();
      this.#quietAt = Math.max(this.#quietAt, loop.time.now());
    });
    this.#quietAt = Math.max(this.#quietAt, loop.time.now() + forMs);
  }
}

function slotBytes(pieceLength: number): number {
  return Math.ceil(pieceLength / BLOCK_BYTES) * BLOCK_BYTES;
}
