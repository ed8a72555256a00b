/** The smaller charts and the tables of the race report. */
import { CLOSE_CODES } from '../../shared/close-reason.ts';
import { formatDuration, formatRate, formatSize } from '../text/units.ts';
import { escaped } from './html-text.ts';
import { funnelRows, type RaceReport, STAGE_NAMES, type Yield } from './race-report.ts';
import type { FlowSample, RecordedPeer } from './recording.ts';
import { endingText } from './recording.ts';
import type { Replay } from './strategy-replay.ts';

const FLOW_WIDTH_PX = 1_060;
const FLOW_HEIGHT_PX = 180;
const FLOW_LEFT_PX = 90;
const FLOW_FOOT_PX = 24;
/** Rates are averaged over this many neighbours: single samples are jagged. */
const SMOOTHED_SAMPLES = 4;
type Cell = string | number;

/** The first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], marked = -1): string {
  const line = (cells: readonly Cell[], tag: 'th' | 'td') =>
    cells.map((cell) => `<${tag}>${escaped(String(cell))}</${tag}>`).join('');
  const body = rows.map((row, i) => `<tr${i === marked ? ' class="winner"' : ''}>${line(row, 'td')}</tr>`);
  return `<div class="scroll"><table><thead><tr>${line(head, 'th')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`;
}

/** Bars with their values as text. */
export function bars(
  rows: readonly { readonly name: string; readonly value: number; readonly text: string }[],
): string {
  const most = Math.max(...rows.map(({ value }) => value), 1e-9);
  const lines = rows.map(
    ({ name, value, text }) =>
      `<div class="bar"><span class="what">${escaped(name)}</span><span class="track"><span class="fill" style="width:${((value / most) * 100).toFixed(2)}%"></span></span><span class="figure">${escaped(text)}</span></div>`,
  );
  return `<div class="bars">${lines.join('\n')}</div>`;
}

export function funnelBars({ funnel }: RaceReport): string {
  const rows = funnelRows(funnel);
  const share = (count: number) =>
    funnel.addresses === 0 ? '' : `  (${((count / funnel.addresses) * 100).toFixed(1)} %)`;
  return bars(rows.map(([name, count]) => ({ name, value: count, text: `${count}${share(count)}` })));
}

export function replayBars(all: readonly Replay[]): string {
  return bars(
    all.map(({ strategy, ms, isBound }) => ({
      name: strategy,
      value: ms ?? 0,
      text: ms === null ? 'no unchoke at all' : `${isBound ? 'at least ' : ''}${formatDuration(ms)}`,
    })),
  );
}

export function lossTable({ lost }: RaceReport): string {
  return table(
    ['where', 'peers', 'code', 'what it means'],
    lost.map(({ stage, count, code }) => [stage, count, code, CLOSE_CODES[code]]),
  );
}

export function stageTable({ stages }: RaceReport): string {
  return table(
    ['stage', 'client', 'peers', 'p50', 'p90', 'p99', 'max'],
    stages.map(({ stage, family, ms }) => [
      STAGE_NAMES[stage],
      family,
      ms.n,
      ...[ms.p50, ms.p90, ms.p99, ms.max].map(formatDuration),
    ]),
  );
}

export function yieldTable(title: string, first: string, rows: readonly Yield[]): string {
  return table(
    [title, first, 'connected', 'handshaken', 'unchoked', 'gave data'],
    rows.map((row) => [row.name, row.addresses, row.connected, row.handshaken, row.unchoked, row.gaveData]),
  );
}

/** The most useful peers: the winner, those that sent data, and those that unchoked us. */
export function peerTable(peers: readonly RecordedPeer[], most: number): string {
  const shown = peers
    .filter(({ times, bytes, isWinner }) => isWinner || bytes > 0 || times.unchoked !== null)
    .sort((a, b) => Number(b.isWinner) - Number(a.isWinner) || b.bytes - a.bytes)
    .slice(0, most);
  const time = (ms: number | null) => (ms === null ? '' : formatDuration(ms));
  const rows = shown.map(({ name, family, source, transport, times, bytes, reason }) => [
    name,
    family,
    source,
    transport,
    time(times.connected),
    time(times.unchoked),
    formatSize(bytes),
    endingText(reason),
  ]);
  const head = ['peer', 'client', 'source', 'transport', 'connected', 'unchoked', 'gave', 'end'];
  return table(head, rows, shown[0]?.isWinner === true ? 0 : -1);
}

/** Received bytes per second over time, and the verified share of all bytes. */
export function flowSvg(flow: readonly FlowSample[], totalBytes: number): string {
  const rates = ratesOf(flow);
  const end = flow.at(-1)?.ms ?? 0;
  if (rates.length < 2 || end <= 0) return '';
  const most = Math.max(...rates.map(({ rate }) => rate), 1);
  const plotWidth = FLOW_WIDTH_PX - FLOW_LEFT_PX - 20;
  const plotHeight = FLOW_HEIGHT_PX - FLOW_FOOT_PX - 10;
  const x = (ms: number) => (FLOW_LEFT_PX + (ms / end) * plotWidth).toFixed(1);
  const y = (share: number) => (10 + (1 - share) * plotHeight).toFixed(1);
  const line = rates.map(({ ms, rate }, i) => `${i === 0 ? 'M' : 'L'}${x(ms)} ${y(rate / most)}`).join('');
  const area = `${line}L${x(end)} ${y(0)}L${x(rates[0]?.ms ?? 0)} ${y(0)}Z`;
  const total = Math.max(totalBytes, flow.at(-1)?.verifiedBytes ?? 0, 1);
  const done = flow
    .map(({ ms, verifiedBytes }, i) => `${i === 0 ? 'M' : 'L'}${x(ms)} ${y(verifiedBytes / total)}`)
    .join('');
  const marks = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<text class="tick" x="${x(share * end)}" y="${FLOW_HEIGHT_PX - 6}">${formatDuration(share * end)}</text>`,
  );
  const levels = [0, 0.5, 1].map(
    (share) =>
      `<line class="grid" x1="${FLOW_LEFT_PX}" x2="${FLOW_WIDTH_PX - 20}" y1="${y(share)}" y2="${y(share)}"/><text class="name" x="${FLOW_LEFT_PX - 8}" y="${Number(y(share)) + 4}">${formatRate(share * most)}</text>`,
  );
  return `<svg class="flow" viewBox="0 0 ${FLOW_WIDTH_PX} ${FLOW_HEIGHT_PX}" role="img" aria-label="throughput over time">${levels.join('')}${marks.join('')}<path class="area" d="${area}"/><path class="rate" d="${line}"/><path class="done" d="${done}"/></svg>`;
}

function ratesOf(flow: readonly FlowSample[]): { readonly ms: number; readonly rate: number }[] {
  return flow.flatMap((sample, i) => {
    const before = flow[Math.max(0, i - SMOOTHED_SAMPLES)];
    if (before === undefined || sample.ms <= before.ms) return [];
    const rate = ((sample.receivedBytes - before.receivedBytes) * 1_000) / (sample.ms - before.ms);
    return [{ ms: sample.ms, rate: Math.max(0, rate) }];
  });
}
