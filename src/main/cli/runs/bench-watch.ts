/** Measures a download from its first block on: how much each peer sent, and how busy each of our parts was. */
import { cpus } from 'node:os';
import { monotonicMs } from '../../../shared/clock.ts';
import { SHOWN_FASTEST_PEERS } from '../../../shared/limits.ts';
import type { Download } from '../../download/download.ts';
import { clientFamily } from '../../race/client-family.ts';
import type { Race } from '../../race/race.ts';
import { usageFigures } from '../../report/usage-figures.ts';
import type { BenchFigures, BenchShare } from '../output/bench-figures.ts';

const SECOND_MS = 1_000;

/** Counters at one moment. */
interface Moment {
  readonly at: number;
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly hashingMs: number;
  /** By shard. */
  readonly activeMs: readonly number[];
  /** Sums over all cores, as the system counts them. */
  readonly cores: { readonly idleMs: number; readonly totalMs: number };
}

export class BenchWatch {
  readonly #race: Race;
  #first: Moment | null = null;
  #last: Moment | null = null;
  #rates: number[] = [];
  #second = { at: 0, received: 0 };
  #fullestMemory = 0;

  constructor(race: Race) {
    this.#race = race;
  }

  /** Milliseconds since the first block; 0 before it. */
  get elapsedMs(): number {
    return this.#first === null ? 0 : monotonicMs() - this.#first.at;
  }

  /** Call several times a second. */
  look(download: Download): void {
    this.#begin(download);
    if (this.#first === null) return;
    const received = receivedBytes(this.#race, download);
    const at = monotonicMs();
    const { waitingBytes, memoryBytes } = download.symptoms;
    this.#fullestMemory = Math.max(this.#fullestMemory, waitingBytes / memoryBytes);
    const ms = at - this.#second.at;
    if (ms < SECOND_MS) return;
    this.#rates.push(((received - this.#second.received) * SECOND_MS) / ms);
    this.#second = { at, received };
  }

  /** Takes the last sample. Call it before the threads stop: their end is not part of the throughput. */
  finish(download: Download | null): void {
    if (download === null) return;
    this.#begin(download);
    if (this.#first !== null) this.#last = this.#moment(download);
  }

  /** Shards report the first block at once, but bytes only a few times a second. A small torrent is complete before that. */
  #begin(download: Download): void {
    const { startedAt, firstBlockMs } = this.#race.firsts;
    const received = receivedBytes(this.#race, download);
    if (this.#first !== null || (firstBlockMs === null && received === 0)) return;
    const now = monotonicMs();
    const at = startedAt === null || firstBlockMs === null ? now : startedAt + firstBlockMs;
    this.#first = { ...this.#moment(download), at };
    this.#second = { at: now, received };
  }

  /** Call it after the race has stopped: only then are the bytes of every peer known. */
  figures(download: Download | null): BenchFigures {
    const { shardStats, firsts } = this.#race;
    const { ttfuMs, firstBlockMs } = firsts;
    const [first, last] = [this.#first ?? NOTHING, this.#last ?? NOTHING];
    const ms = Math.max(1, last.at - first.at);
    const coreMs = last.cores.totalMs - first.cores.totalMs;
    return {
      ms: this.#first === null ? 0 : ms,
      receivedBytes: download === null ? 0 : receivedBytes(this.#race, download),
      verifiedBytes: download?.bytes.verified ?? 0,
      wastedBytes: shardStats.reduce(
        (sum, stats) => sum + (stats?.wastedBytes ?? 0),
        download?.wastedBytes ?? 0,
      ),
      rates: this.#rates,
      ttfuMs,
      firstBlockMs,
      usage: {
        cpuUserMs: last.cpuUserMs - first.cpuUserMs,
        cpuSystemMs: last.cpuSystemMs - first.cpuSystemMs,
        peakRssBytes: usageFigures().peakRssBytes,
      },
      peers: this.#givers(download),
      shards: shardStats.map((stats, i) => ({
        bytes: stats?.blockBytes ?? 0,
        busy: ((last.activeMs[i] ?? 0) - (first.activeMs[i] ?? 0)) / ms,
        lagMs: stats?.lagP99Ms ?? 0,
      })),
      hashing: (last.hashingMs - first.hashingMs) / ms,
      fullestMemory: Math.min(1, this.#fullestMemory),
      machineBusy: coreMs > 0 ? 1 - (last.cores.idleMs - first.cores.idleMs) / coreMs : 0,
      complete: download?.complete ?? false,
    };
  }

  #moment(download: Download): Moment {
    const { cpuUserMs, cpuSystemMs } = usageFigures();
    const times = cpus().map((core) => core.times);
    return {
      at: monotonicMs(),
      cpuUserMs,
      cpuSystemMs,
      hashingMs: download.hashing.busyMs,
      activeMs: this.#race.shardStats.map((stats) => stats?.activeMs ?? 0),
      cores: {
        idleMs: times.reduce((sum, { idle }) => sum + idle, 0),
        totalMs: times.reduce(
          (sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq,
          0,
        ),
      },
    };
  }

  /** The peers and web seeds that sent most, by name, and the others together. */
  #givers(download: Download | null): BenchShare[] {
    const { peers } = this.#race;
    const fromPeers = [...peers.outcomes].map(({ peer, client, peerIdPrefix, receivedBytes }) => ({
      name: `${peers.nameOf(peer)} (${clientFamily(client, peerIdPrefix)})`,
      bytes: receivedBytes,
    }));
    const fromWeb = (download?.webSeeds?.yields ?? []).map(({ url, bytes }) => ({ name: url, bytes }));
    const all = [...fromPeers, ...fromWeb].filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
    const rest = all.slice(SHOWN_FASTEST_PEERS);
    const others = rest.reduce((sum, { bytes }) => sum + bytes, 0);
    const named = all.slice(0, SHOWN_FASTEST_PEERS);
    return rest.length === 0 ? named : [...named, { name: `${rest.length} others`, bytes: others }];
  }
}

const NOTHING: Moment = {
  at: 0,
  cpuUserMs: 0,
  cpuSystemMs: 0,
  hashingMs: 0,
  activeMs: [],
  cores: { idleMs: 0, totalMs: 0 },
};

function receivedBytes({ shardStats }: Race, download: Download): number {
  return shardStats.reduce((sum, stats) => sum + (stats?.blockBytes ?? 0), download.webSeeds?.bytes ?? 0);
}
