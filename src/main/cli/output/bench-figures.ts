/** The figures that `unchoke bench` makes from its samples: rates, shares and the bottleneck. Plain data and text. */

import type { Bytes, BytesPerSecond, Milliseconds, Share } from '../../quantities.ts';
import type { UsageFigures } from '../../report/usage-figures.ts';
import { formatDuration, formatRate, formatSize } from '../../text/units.ts';

const GIB = 2 ** 30;
const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const BAR_COLUMNS = 60;
/** A thread that is busy for this share of the time makes others wait. */
const BUSY = 0.85;
/** The same for the whole machine: switching between threads takes the last tenth. */
const MACHINE_BUSY = 0.9;

export interface BenchShare {
  readonly name: string;
  readonly bytes: Bytes;
}

export interface BenchFigures {
  /** Milliseconds from the first block to the end. */
  readonly ms: Milliseconds;
  readonly receivedBytes: Bytes;
  readonly verifiedBytes: Bytes;
  readonly wastedBytes: Bytes;
  /** Bytes per second, one value for each whole second. */
  readonly rates: readonly BytesPerSecond[];
  /** Milliseconds to the first unchoke; null if no peer unchoked us. */
  readonly ttfuMs: Milliseconds | null;
  /** Milliseconds to the first block; null if none arrived. */
  readonly firstBlockMs: Milliseconds | null;
  /** CPU time of the whole process since the first block; its memory since the start. */
  readonly usage: UsageFigures;
  /** The peers that sent most, the largest first; `name` has the client in brackets. The last entry may be all others together. */
  readonly peers: readonly BenchShare[];
  /** By position. `busy` is a share of the time, `lagMs` the 99th percentile. */
  readonly shards: readonly { readonly bytes: Bytes; readonly busy: Share; readonly lagMs: Milliseconds }[];
  /** Share of the time in which storage threads had pieces. */
  readonly hashing: Share;
  /** The largest share of `--memory` in use. */
  readonly fullestMemory: Share;
  /** Share of all cores that all programs of this machine used. */
  readonly machineBusy: Share;
  /** True if the torrent was complete before the time ended. */
  readonly complete: boolean;
}

export type BottleneckCode = 'peers' | 'hashing' | 'memory' | 'shards' | 'machine';

/** The part that limits the download, with the figure that shows it. */
export function bottleneck(figures: BenchFigures): { readonly code: BottleneckCode; readonly text: string } {
  const { hashing, fullestMemory, machineBusy, shards } = figures;
  const shard = Math.max(0, ...shards.map(({ busy }) => busy));
  if (figures.receivedBytes === 0)
    return { code: 'peers', text: 'no peer sent anything: run unchoke doctor' };
  if (hashing >= BUSY && fullestMemory >= BUSY)
    return {
      code: 'hashing',
      text: `hashing: busy ${percent(hashing)} of the time while --memory is full; more --hashers help if cores are free`,
    };
  if (fullestMemory >= 1)
    return { code: 'memory', text: 'memory: pieces wait for room; a larger --memory helps' };
  if (shard >= BUSY)
    return {
      code: 'shards',
      text: `our threads: a shard is busy ${percent(shard)} of the time; more --shards help if cores are free`,
    };
  if (machineBusy >= MACHINE_BUSY)
    return {
      code: 'machine',
      text: `the cores of this machine: ${percent(machineBusy)} busy with unchoke and other programs`,
    };
  return {
    code: 'peers',
    text: `the peers or the network: our busiest shard is busy ${percent(shard)} of the time, hashing ${percent(hashing)}`,
  };
}

export function medianRate({ rates, receivedBytes, ms }: BenchFigures): number {
  if (rates.length === 0) return ms > 0 ? (receivedBytes * 1_000) / ms : 0;
  return [...rates].sort((a, b) => a - b)[rates.length >> 1] ?? 0;
}

/** The result, at most one screen long. */
export function benchLines(name: string, figures: BenchFigures, machine: string): string[] {
  const { rates, receivedBytes, verifiedBytes, wastedBytes, usage, peers, shards } = figures;
  const cpuMs = usage.cpuUserMs + usage.cpuSystemMs;
  const perGib =
    receivedBytes === 0 ? '-' : `${((cpuMs / 1_000) * (GIB / receivedBytes)).toFixed(2)} s per GiB`;
  const spread =
    rates.length === 0
      ? ''
      : `   by second ${formatRate(Math.min(...rates))} to ${formatRate(Math.max(...rates))}`;
  const lines: (readonly [label: string, text: string])[] = [
    ['rate', `${formatRate(medianRate(figures))} in the median second${spread}`],
    ['', sparkline(rates)],
    [
      'total',
      `${formatSize(receivedBytes)} received, ${formatSize(verifiedBytes)} verified and thrown away, ${formatSize(wastedBytes)} wasted (received twice, not requested, or bad)`,
    ],
    ['start', `first unchoke ${timeText(figures.ttfuMs)}, first block ${timeText(figures.firstBlockMs)}`],
    [
      'cost',
      `CPU ${perGib} (user ${formatDuration(usage.cpuUserMs)}, system ${formatDuration(usage.cpuSystemMs)}), peak memory ${formatSize(usage.peakRssBytes)}`,
    ],
    ['peers', sharesText(peers, receivedBytes)],
    ...shards.map(
      ({ bytes, busy, lagMs }, i) =>
        [
          `shard ${i}`,
          `${percent(bytes / Math.max(1, receivedBytes))} of the data, busy ${percent(busy)} of the time, late by ${formatDuration(lagMs)} (p99)`,
        ] as const,
    ),
    [
      'hashing',
      `${percent(figures.hashing)} of the time, at most ${percent(figures.fullestMemory)} of --memory in use`,
    ],
    ['limited by', bottleneck(figures).text],
    ['on', machine],
  ];
  const end = figures.complete ? ', the whole torrent' : '';
  const head = `Throughput of ${name}: ${formatDuration(figures.ms)} from the first block${end}`;
  const shown = lines.filter(([, text]) => text !== '').map(([label, text]) => `${label.padEnd(11)}${text}`);
  return [head, '', ...shown];
}

function sharesText(peers: readonly BenchShare[], total: number): string {
  if (peers.length === 0) return 'no peer sent anything';
  const named = peers.map(({ name, bytes }) => `${percent(bytes / Math.max(1, total))} ${name}`);
  return named.join(' · ');
}

/** One bar per second, or per longer interval if there is not enough room. */
function sparkline(rates: readonly number[]): string {
  const most = Math.max(1, ...rates);
  const columns = Math.min(BAR_COLUMNS, rates.length);
  return Array.from({ length: columns }, (_, i) => {
    const part = rates.slice(
      Math.floor((i * rates.length) / columns),
      Math.floor(((i + 1) * rates.length) / columns),
    );
    const mean = part.reduce((sum, rate) => sum + rate, 0) / Math.max(1, part.length);
    return BARS[Math.min(BARS.length - 1, Math.floor((mean / most) * BARS.length))];
  }).join('');
}

const timeText = (ms: number | null): string => (ms === null ? 'never' : formatDuration(ms));

const percent = (share: number): string => `${Math.round(share * 100)} %`;
