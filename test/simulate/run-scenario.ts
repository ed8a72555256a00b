/** Runs one scenario and reports what was wrong. */
import { DEFAULT_SESSION } from '../../src/main/session/settings.ts';
import { BLOCK_BYTES, TURNOVER_INTERVAL_MS } from '../../src/shared/limits.ts';
import { VirtualSession } from '../support/virtual-session.ts';
import type { EventPlan, Scenario, TorrentPlan } from './scenario.ts';
import { SimTorrent } from './sim-torrent.ts';
import { answerOf } from './sim-web-seeds.ts';

/**
 * The time that a download may take beyond bytes left / honest rate, from the moment on when nothing disturbs it: time-outs of
 * silent peers (60 s), waits before a lost peer or a failed tracker is tried again (120 s), suspects, slow owners. With few
 * places, peers that send nothing are tried first, one each half minute.
 */
const CONSTANT_MS = 240_000;
const CLOSE_MS = 20_000;
/** A torrent without a promise to complete is watched for this long. */
const LOOK_MS = 30_000;

export interface Outcome {
  readonly failures: readonly string[];
  /** Milliseconds of the longest download beyond its quiet moment and bytes / rate. */
  readonly beyondMs: number;
  readonly virtualMs: number;
}

export type Log = (text: string) => void;

export async function runScenario(scenario: Scenario, log: Log = () => {}): Promise<Outcome> {
  const run = new ScenarioRun(scenario, log);
  return run.outcome();
}

class ScenarioRun {
  readonly #virtual: VirtualSession;
  readonly #torrents: readonly SimTorrent[];
  readonly #log: Log;
  /** From this moment on nothing disturbs the session. */
  #quietAt = 0;
  #isClosing = false;
  readonly #hasFewPlaces: boolean;
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
      encryption: 'off' as const,
      ...{ utp: false, lsd: false, dht: false },
    };
    const torrents: SimTorrent[] = [];
    const use = { downloads: true, torrents: scenario.torrents.length };
    this.#virtual = new VirtualSession(settings, use, seed, (http, { net }) => {
      for (const { plan, name, content } of torrents) {
        http.own({ asked: [], fileOf: content.fileOf });
        for (const [i, webSeed] of plan.webSeeds.entries()) {
          const answer = answerOf(webSeed);
          http.host(`w${i}.${name}.test`, (asked, file) =>
            net.state === 'up' ? answer(asked, file) : 'refused',
          );
        }
      }
    });
    const { time } = this.#virtual.loop;
    this.#log = (text) => log(`${(time.now() / 1_000).toFixed(3)} ${text}`);
    this.#virtual.net.tell = this.#log;
    for (const [i, plan] of scenario.torrents.entries())
      torrents.push(new SimTorrent(plan, i, this.#virtual, this.#log));
    this.#torrents = torrents;
    for (const event of scenario.events)
      time.at(event.atMs, () => {
        this.#virtual.loop.touch();
        this.#happens(event);
      });
    for (const torrent of torrents)
      time.at(torrent.plan.startsAtMs, () => {
        this.#virtual.loop.touch();
        torrent.begin();
        const { removedAtMs } = torrent.plan;
        if (removedAtMs === null) return;
        time.after(removedAtMs, () => {
          this.#virtual.loop.touch();
          torrent.again();
        });
      });
    const ends = scenario.events.map(({ atMs }) => atMs);
    this.#quietAt = Math.max(0, ...ends);
  }

  async outcome(): Promise<Outcome> {
    const { loop, bugs } = this.#virtual;
    const failures: string[] = [];
    try {
      await loop.run(Number.MAX_SAFE_INTEGER, () => this.#isOver());
      for (const torrent of this.#torrents) {
        const beyondMs = torrent.completedAt - (this.#dueAt(torrent) - CONSTANT_MS);
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
      if (failures.length > 0) for (const slot of this.#virtual.storage.slots) this.#log(slot);
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
    const { loop, bugs } = this.#virtual;
    if (bugs.length > 0) return true;
    const now = loop.time.now();
    return this.#torrents.every((torrent) => {
      if (torrent.failures.length > 0) return true;
      return torrent.isOver || now > this.#dueAt(torrent);
    });
  }

  /** True if every piece has an honest source, and no torrent that may never end keeps the memory from it. */
  #isPromised(torrent: SimTorrent): boolean {
    return [torrent, ...this.#torrents].every(({ plan }) => honestRate(plan) !== null);
  }

  /** When it must be complete: it may wait for the memory of other torrents. Without a promise, it is watched for a while. */
  #dueAt(torrent: SimTorrent): number {
    const all = this.#torrents;
    const awayUntil = all.flatMap(({ plan }) => plan.peers.map(({ awayUntilMs }) => awayUntilMs));
    const quietAt = Math.max(this.#quietAt, ...all.map((one) => one.quietAt), ...awayUntil);
    if (!this.#isPromised(torrent)) return quietAt + LOOK_MS;
    return all.reduce((due, { plan, content }) => {
      const turns = this.#hasFewPlaces ? plan.peers.length * TURNOVER_INTERVAL_MS : 0;
      return due + (content.all.length / (honestRate(plan) ?? 1)) * 1_000 + turns + CONSTANT_MS;
    }, quietAt);
  }

  async #close(failures: string[]): Promise<void> {
    const { loop, session } = this.#virtual;
    this.#isClosing = true;
    let isClosed = false;
    const closed = Promise.all(this.#torrents.map((torrent) => torrent.stop()))
      .then(() => session.close())
      .then(() => {
        isClosed = true;
      });
    await loop.run(loop.time.now() + CLOSE_MS, () => isClosed);
    if (!isClosed) return void failures.push('the session does not close');
    await closed;
    await loop.run(loop.time.now() + 10);
    for (const left of this.#virtual.left) failures.push(`left after the end: ${left}`);
  }

  #happens(event: EventPlan): void {
    const { net, loop, shards, storage, webSeeds, disk } = this.#virtual;
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
        disk.plan({ code: event.code, writes: event.writes });
        break;
    }
    this.#quietAt = Math.max(this.#quietAt, loop.time.now());
  }

  #away({ how, forMs }: Extract<EventPlan, { type: 'away' }>): void {
    const { net, loop, webSeeds } = this.#virtual;
    if (net.state !== 'up') return;
    net.leave(how);
    webSeeds.http?.hangUpAll();
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

/** The rate of the slowest reliable source; null if some pieces may have none. */
function honestRate({ content, peers, trackers, webSeeds, isMagnet }: TorrentPlan): number | null {
  // A private torrent asks one tracker at a time, and no other while that one answers (BEP 27).
  const isAnswered =
    (!content.private || trackers.length === 1) &&
    trackers.some(({ kind }) => kind === 'good' || kind === 'fails at first');
  const reliable = peers.filter(({ knownBy }) => knownBy === 'user' || (knownBy === 'tracker' && isAnswered));
  const seeds = reliable.filter(({ kind }) => kind === 'seed');
  const halves = reliable.filter(({ kind }) => kind === 'half');
  const isHalved = halves.length > 1 && halves.length === peers.filter(({ kind }) => kind === 'half').length;
  const rates = [
    ...seeds.map(({ bytesPerS }) => bytesPerS),
    ...(isHalved ? halves.map(({ bytesPerS }) => bytesPerS) : []),
    ...(isMagnet ? [] : webSeeds.filter(({ kind }) => kind === 'right').map(({ bytesPerS }) => bytesPerS)),
  ];
  return rates.length === 0 ? null : Math.min(...rates);
}
