/** What `unchoke bench` makes of its samples: rates, shares, and where the bottleneck is. Plain data and text. */

import type { Bytes, BytesPerSecond, Milliseconds, Share } from '../../quantities.ts';
import type { UsageFigures } from '../../report/usage-figures.ts';
import { formatDuration, formatRate, formatSize } from '../../text/units.ts';

const GIB = 2 ** 30;
const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const BAR_COLUMNS = 60;
/** A thread that works so much of the time is what the others wait for. */
const BUSY = 0.85;
/** The machine as a whole: its last tenth is lost to switching. */
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
  /** Bytes a second, a value for each whole second. */
  readonly rates: readonly BytesPerSecond[];
  /** Null where no peer unchoked us. */
  readonly ttfuMs: Milliseconds | null;
  /** Null where no block came. */
  readonly firstBlockMs: Milliseconds | null;
  /** Whole process, from the first block on. */
  readonly usage: UsageFigures;
  /** The largest givers first; `name` with the client in brackets. */
  readonly peers: readonly BenchShare[];
  /** By position; `busy` 0 to 1, `lagMs` the worst hundredth. */
  readonly shards: readonly { readonly bytes: Bytes; readonly busy: Share; readonly lagMs: Milliseconds }[];
  /** Share of the time in which hashers had pieces. */
  readonly hashing: Share;
  /** The most that waited, as a share of `--memory`. */
  readonly fullestMemory: Share;
  /** Share of all cores of this machine that is used, by us or by others. */
  readonly machineBusy: Share;
  /** The torrent was over before the time was. */
  readonly complete: boolean;
}

export type BottleneckCode = 'peers' | 'hashing' | 'memory' | 'shards' | 'machine';

/** What is waited for, with the figure that shows it. */
export function bottleneck(figures: BenchFigures): { readonly code: BottleneckCode; readonly text: string } {
  const { hashing, fullestMemory, machineBusy, shards } = figures;
  const shard = Math.max(0, ...shards.map(({ busy }) => busy));
  if (figures.receivedBytes === 0) return { code: 'peers', text: 'nobody sent anything: see unchoke doctor' };
  if (hashing >= BUSY && fullestMemory >= BUSY)
    return {
      code: 'hashing',
      text: `hashing: it works ${percent(hashing)} of the time, and --memory is full; more --hashers help where cores are free`,
    };
  if (fullestMemory >= 1)
    return { code: 'memory', text: 'memory: pieces wait for room; a larger --memory evens that out' };
  if (shard >= BUSY)
    return {
      code: 'shards',
      text: `our threads: a shard works ${percent(shard)} of the time; more --shards help where cores are free`,
    };
  if (machineBusy >= MACHINE_BUSY)
    return {
      code: 'machine',
      text: `the cores of this machine, ours and others' work together: ${percent(machineBusy)} busy`,
    };
  return {
    code: 'peers',
    text: `the peers and the way to them: our busiest shard works ${percent(shard)} of the time, hashing ${percent(hashing)}`,
  };
}

export function medianRate({ rates, receivedBytes, ms }: BenchFigures): number {
  if (rates.length === 0) return ms > 0 ? (receivedBytes * 1_000) / ms : 0;
  return [...rates].sort((a, b) => a - b)[rates.length >> 1] ?? 0;
}

/** One screen. */
export function benchLines(name: string, figures: BenchFigures, machine: string): string[] {
  const { rates, receivedBytes, verifiedBytes, wastedBytes, usage, peers, shards } = figures;
  const cpuMs = usage.cpuUserMs + usage.cpuSystemMs;
  const perGib =
    receivedBytes === 0 ? '-' : `${((cpuMs / 1_000) * (GIB / receivedBytes)).toFixed(2)} s a GiB`;
  const spread =
    rates.length === 0
      ? ''
      : `   by second ${formatRate(Math.min(...rates))} to ${formatRate(Math.max(...rates))}`;
  const lines: (readonly [label: string, text: string])[] = [
    ['rate', `${formatRate(medianRate(figures))} in the median second${spread}`],
    ['', sparkline(rates)],
    [
      'in all',
      `${formatSize(receivedBytes)} received, ${formatSize(verifiedBytes)} verified and thrown away, ${formatSize(wastedBytes)} came twice, unasked or bad`,
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
      `${percent(figures.hashing)} of the time, at most ${percent(figures.fullestMemory)} of --memory waited`,
    ],
    ['waits for', bottleneck(figures).text],
    ['on', machine],
  ];
  const end = figures.complete ? ', all of the torrent' : '';
  const head = `Throughput of ${name}: ${formatDuration(figures.ms)} from the first block${end}`;
  const shown = lines.filter(([, text]) => text !== '').map(([label, text]) => `${label.padEnd(11)}${text}`);
  return [head, '', ...shown];
}

function sharesText(peers: readonly BenchShare[], total: number): string {
  if (peers.length === 0) return 'nobody gave anything';
  const named = peers.map(({ name, bytes }) => `${percent(bytes / Math.max(1, total))} ${name}`);
  return named.join(' · ');
}

/** A bar a second, or for each of as many stretches as there is room for. */
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
