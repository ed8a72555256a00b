/**
 * The main chart of the race: one line per peer, from its dial to its end, the first to unchoke on top. Without a script: a line
 * opens to its details. Text is text and no part of a picture, so that it can be read on a phone.
 */
import { formatDuration } from '../text/units.ts';
import { escaped } from './html-text.ts';
import { endingText, type RecordedPeer } from './recording.ts';

/** Peers with their own line and name; the others share the rest of the chart. */
const NAMED_PEERS = 80;
/** The plot in units of its own; it is as wide as the page lets it be. */
const PLOT_UNITS = 1_000;
/** Maximum height of all others together. */
const REST_PX = 420;
const TICKS = [10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5];
/** So many marks have room on a phone: on it every other one is left out if there are more. */
const NARROW_TICKS = 5;

const PHASES = ['dialling', 'handshaking', 'choked', 'unchoked'] as const;
type PhaseName = (typeof PHASES)[number];
/** A time as a share of the plot, 0 to 1. */
type Share = (ms: number) => number;

interface Segment {
  readonly phase: PhaseName;
  readonly from: number;
  readonly to: number;
}

export function timelineChart(all: readonly RecordedPeer[], endMs: number): string {
  const peers = [...all]
    .filter(({ times }) => times.dialed !== null || times.connected !== null)
    .sort(byRank);
  if (peers.length === 0) return '<p>No peer was dialled.</p>';
  const shownMs = shownTime(peers, endMs);
  const share: Share = (ms) => Math.min(ms, shownMs) / shownMs;
  const ticks = ticksOf(shownMs);
  const first = peers[0]?.times.unchoked ?? null;
  const title = `${peers.length} peers over ${formatDuration(shownMs)}`;
  const parts = [
    `<div class="axis">${ticks.map(({ ms, text }, i) => at('tick', share(ms), text, i, ticks.length)).join('')}</div>`,
    '<div class="rows">',
    ...ticks.map(({ ms }) => `<i class="grid" style="--at:${share(ms).toFixed(4)}"></i>`),
    ...(first === null ? [] : [`<i class="won" style="--at:${share(first).toFixed(4)}"></i>`]),
    ...peers.slice(0, NAMED_PEERS).map((peer) => namedRow(peer, share, shownMs)),
    restRows(peers.slice(NAMED_PEERS), share),
    '</div>',
    ...(first === null ? [] : [finish(first, share(first))]),
  ];
  return `<div class="timeline" role="group" aria-label="${escaped(title)}" data-peers="${peers.length}">${parts.join('\n')}</div>`;
}

/** Peers that came further are higher; among equals, the earlier one. */
function byRank(a: RecordedPeer, b: RecordedPeer): number {
  for (const stage of ['unchoked', 'handshaken', 'connected', 'dialed'] as const) {
    const [ours, theirs] = [a.times[stage], b.times[stage]];
    if (ours !== null && theirs !== null && stage !== 'dialed') return ours - theirs;
    if (ours !== theirs && (ours === null || theirs === null)) return ours === null ? 1 : -1;
  }
  return (a.times.dialed ?? 0) - (b.times.dialed ?? 0);
}

/** The time span of the race without the hours of download after it: until most unchoking peers have unchoked us. */
function shownTime(peers: readonly RecordedPeer[], endMs: number): number {
  const unchokes = peers.flatMap(({ times }) => times.unchoked ?? []).sort((a, b) => a - b);
  const most = unchokes[Math.ceil(unchokes.length * 0.95) - 1];
  return Math.max(100, most === undefined ? endMs : Math.min(endMs, 1.5 * most + 200));
}

function ticksOf(shownMs: number): { readonly ms: number; readonly text: string }[] {
  const step = TICKS.find((tick) => shownMs / tick <= 8) ?? shownMs / 8;
  return Array.from({ length: Math.floor(shownMs / step) + 1 }, (_, i) => ({
    ms: i * step,
    text: tickText(i * step, step),
  }));
}

function at(name: string, share: number, text: string, i: number, count: number): string {
  const isExtra = count > NARROW_TICKS && i % 2 === 1;
  return `<span class="${name}${isExtra ? ' extra' : ''}" style="--at:${share.toFixed(4)}">${escaped(text)}</span>`;
}

/** The time of the first unchoke. */
function finish(ms: number, share: number): string {
  const side = share > 0.5 ? 'before' : 'after';
  return `<div class="axis"><span class="first ${side}" style="--at:${share.toFixed(4)}">first unchoke ${formatDuration(ms)}</span></div>`;
}

function tickText(ms: number, step: number): string {
  if (step < 1_000 && ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${ms / 1_000} s`;
  return `${ms / 60_000} min`;
}

function segmentsOf({ times }: RecordedPeer, end: number): Segment[] {
  const stops = [times.dialed, times.connected, times.handshaken, times.unchoked];
  const last = times.closed ?? end;
  return PHASES.flatMap((phase, i) => {
    const from = stops[i] ?? null;
    if (from === null) return [];
    const to = stops.slice(i + 1).find((stop) => stop !== null && stop !== undefined) ?? last;
    return [{ phase, from, to: Math.max(from, to) }];
  });
}

function namedRow(peer: RecordedPeer, share: Share, shownMs: number): string {
  const { name, family, isWinner, reason } = peer;
  const label = `${name} ${family === 'unknown' ? '' : family}`.trim();
  const bars = segmentsOf(peer, shownMs).map(
    ({ phase, from, to }) =>
      `<b class="${phase}" style="left:${percent(share(from))};width:${percent(share(to) - share(from))}"></b>`,
  );
  const { closed } = peer.times;
  const isCut = reason.code === 'stopped' || closed === null || closed > shownMs;
  const end = isCut ? '' : `<b class="lost" style="left:${percent(share(closed))}"></b>`;
  const details = detailsOf(peer);
  return `<details class="peer${isWinner ? ' winner' : ''}"><summary title="${escaped(details.join('\n'))}"><span class="name">${isWinner ? '★ ' : ''}${escaped(label)}</span><span class="plot">${bars.join('')}${end}</span></summary><p>${details.map(escaped).join('<br>')}</p></details>`;
}

function percent(share: number): string {
  return `${Math.max(0, share * 100).toFixed(2)}%`;
}

function detailsOf({ name, family, source, transport, times, reason }: RecordedPeer): string[] {
  const stages = (['dialed', 'connected', 'handshaken', 'unchoked', 'firstBlock'] as const).flatMap(
    (stage) => {
      const when = times[stage];
      return when === null ? [] : [`${STAGE_WORDS[stage]} ${formatDuration(when)}`];
    },
  );
  return [
    `${name} (${family}) from ${source} over ${transport}`,
    stages.join(' · '),
    `end: ${endingText(reason)}`,
  ];
}

const STAGE_WORDS = {
  dialed: 'dialled',
  connected: 'connected',
  handshaken: 'handshaken',
  unchoked: 'unchoked us',
  firstBlock: 'first block',
} as const;

/** Hairlines: one path per phase for all of them; otherwise the page would be very large. */
function restRows(peers: readonly RecordedPeer[], share: Share): string {
  if (peers.length === 0) return '';
  const rowPx = Math.min(3, REST_PX / peers.length);
  const x = (ms: number): number => share(ms) * PLOT_UNITS;
  const paths: Record<PhaseName, string[]> = { dialling: [], handshaking: [], choked: [], unchoked: [] };
  for (const [i, peer] of peers.entries()) {
    const y = ((i + 0.5) * rowPx).toFixed(2);
    for (const { phase, from, to } of segmentsOf(peer, Number.POSITIVE_INFINITY)) {
      const width = x(to) - x(from);
      if (width > 0) paths[phase].push(`M${x(from).toFixed(1)} ${y}h${width.toFixed(1)}`);
    }
  }
  const lines = PHASES.map(
    (phase) =>
      `<path class="${phase} hair" stroke-width="${rowPx.toFixed(3)}" d="${paths[phase].join('')}"/>`,
  );
  const height = peers.length * rowPx;
  return `<div class="rest" data-peers="${peers.length}"><span class="name">${peers.length} more, one hairline each</span><svg class="plot" viewBox="0 0 ${PLOT_UNITS} ${height.toFixed(1)}" preserveAspectRatio="none" style="height:${height.toFixed(1)}px" aria-hidden="true">${lines.join('')}</svg></div>`;
}
