/** The smaller charts and the tables of the race report. */
import { CLOSE_CODES } from '../../shared/close-reason.ts';
import { formatDuration, formatRate, formatSize, formatTime } from '../text/units.ts';
import { escaped } from './html-text.ts';
import { funnelRows, type RaceReport, STAGE_NAMES, type Yield } from './race-report.ts';
import type { FlowSample, RecordedPeer } from './recording.ts';
import { endingText } from './recording.ts';
import type { Replay } from './strategy-replay.ts';

/** The plot in units of its own; it is as wide as the page lets it be. */
const FLOW_UNITS = 1_000;
const FLOW_HEIGHT_PX = 146;
/** Rates are averaged over this many neighbours: single samples are jagged. */
const SMOOTHED_SAMPLES = 4;
type Cell = string | number;

/** On a phone a cell as long as this has a line of its own. */
const LONG_CHARS = 16;
/** The same for the first cell, which has more room. */
const LONG_NAME_CHARS = 26;

/** The first column names the row. On a phone a row is a block, and each cell has its heading above it. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], marked = -1): string {
  const cell = (value: Cell, i: number): string => {
    const text = String(value);
    const width = text.length >= (i === 0 ? LONG_NAME_CHARS : LONG_CHARS) ? ' class="long"' : '';
    return `<td${width}${i === 0 ? '' : ` data-of="${escaped(head[i] ?? '')}"`}>${escaped(text)}</td>`;
  };
  const body = rows.map(
    (row, i) => `<tr${i === marked ? ' class="winner"' : ''}>${row.map(cell).join('')}</tr>`,
  );
  const heads = head.map((text) => `<th>${escaped(text)}</th>`).join('');
  return `<div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`;
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

/** Received bytes per second over time, and the verified share of all bytes. The text is beside the picture, so it keeps its size. */
export function flowChart(flow: readonly FlowSample[], totalBytes: number): string {
  const rates = ratesOf(flow);
  const end = flow.at(-1)?.ms ?? 0;
  if (rates.length < 2 || end <= 0) return '';
  const most = Math.max(...rates.map(({ rate }) => rate), 1);
  const x = (ms: number) => ((ms / end) * FLOW_UNITS).toFixed(1);
  const y = (share: number) => ((1 - share) * FLOW_HEIGHT_PX).toFixed(1);
  const line = rates.map(({ ms, rate }, i) => `${i === 0 ? 'M' : 'L'}${x(ms)} ${y(rate / most)}`).join('');
  const area = `${line}L${x(end)} ${y(0)}L${x(rates[0]?.ms ?? 0)} ${y(0)}Z`;
  const total = Math.max(totalBytes, flow.at(-1)?.verifiedBytes ?? 0, 1);
  const done = flow
    .map(({ ms, verifiedBytes }, i) => `${i === 0 ? 'M' : 'L'}${x(ms)} ${y(verifiedBytes / total)}`)
    .join('');
  const levels = [0, 0.5, 1].map((share) => `<path class="grid" d="M0 ${y(share)}h${FLOW_UNITS}"/>`);
  const rateTexts = [1, 0.5, 0].map((share) => `<span>${formatRate(share * most)}</span>`);
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => `<span>${formatTime(share * end)}</span>`);
  return `<div class="flow"><div class="levels">${rateTexts.join('')}</div><svg viewBox="0 0 ${FLOW_UNITS} ${FLOW_HEIGHT_PX}" preserveAspectRatio="none" role="img" aria-label="throughput over time">${levels.join('')}<path class="area" d="${area}"/><path class="rate" d="${line}"/><path class="done" d="${done}"/></svg><div class="times">${times.join('')}</div></div>`;
}

function ratesOf(flow: readonly FlowSample[]): { readonly ms: number; readonly rate: number }[] {
  return flow.flatMap((sample, i) => {
    const before = flow[Math.max(0, i - SMOOTHED_SAMPLES)];
    if (before === undefined || sample.ms <= before.ms) return [];
    const rate = ((sample.receivedBytes - before.receivedBytes) * 1_000) / (sample.ms - before.ms);
    return [{ ms: sample.ms, rate: Math.max(0, rate) }];
  });
}
