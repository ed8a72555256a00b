/** The main chart of the race: one line per peer, from its dial to its end, the first to unchoke on top. SVG without a script. */
import { formatDuration } from '../text/units.ts';
import { escaped } from './html-text.ts';
import { endingText, type RecordedPeer } from './recording.ts';

/** Peers with their own line and name; the others share the rest of the chart. */
const NAMED_PEERS = 80;
const NAME_PX = 230;
const PLOT_PX = 820;
const WIDTH_PX = NAME_PX + PLOT_PX + 20;
const AXIS_PX = 26;
const NAMED_ROW_PX = 14;
/** Maximum height of all others together. */
const REST_PX = 420;
const TICKS = [10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5];

const PHASES = ['dialling', 'handshaking', 'choked', 'unchoked'] as const;
type PhaseName = (typeof PHASES)[number];

interface Segment {
  readonly phase: PhaseName;
  readonly from: number;
  readonly to: number;
}

export function timelineSvg(all: readonly RecordedPeer[], endMs: number): string {
  const peers = [...all]
    .filter(({ times }) => times.dialed !== null || times.connected !== null)
    .sort(byRank);
  if (peers.length === 0) return '<p>No peer was dialled.</p>';
  const shownMs = shownTime(peers, endMs);
  const x = (ms: number) => NAME_PX + (Math.min(ms, shownMs) / shownMs) * PLOT_PX;
  const named = peers.slice(0, NAMED_PEERS);
  const rest = peers.slice(NAMED_PEERS);
  const restTop = AXIS_PX + named.length * NAMED_ROW_PX + 8;
  const restRowPx = rest.length === 0 ? 0 : Math.min(3, REST_PX / rest.length);
  const height = restTop + rest.length * restRowPx + 18;
  const parts = [
    axis(shownMs, x, height),
    ...named.map((peer, i) => namedRow(peer, AXIS_PX + i * NAMED_ROW_PX, x, shownMs)),
    restRows(rest, restTop, restRowPx, x),
    finish(peers[0] as RecordedPeer, x, height),
  ];
  const title = `${peers.length} peers over ${formatDuration(shownMs)}`;
  return `<svg class="timeline" viewBox="0 0 ${WIDTH_PX} ${height.toFixed(1)}" role="img" aria-label="${escaped(title)}" data-peers="${peers.length}">${parts.join('\n')}</svg>`;
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

function axis(shownMs: number, x: (ms: number) => number, height: number): string {
  const step = TICKS.find((tick) => shownMs / tick <= 8) ?? shownMs / 8;
  const marks: string[] = [];
  for (let ms = 0; ms <= shownMs; ms += step) {
    const at = x(ms).toFixed(1);
    marks.push(
      `<line class="grid" x1="${at}" x2="${at}" y1="${AXIS_PX - 6}" y2="${height.toFixed(1)}"/>` +
        `<text class="tick" x="${at}" y="${AXIS_PX - 10}">${tickText(ms, step)}</text>`,
    );
  }
  return marks.join('');
}

/** The time of the first unchoke. */
function finish({ times: { unchoked } }: RecordedPeer, x: (ms: number) => number, height: number): string {
  if (unchoked === null) return '';
  const at = x(unchoked);
  const side = at > NAME_PX + PLOT_PX / 2 ? 'end' : 'start';
  const label = `<text class="won" text-anchor="${side}" x="${(at + (side === 'end' ? -5 : 5)).toFixed(1)}" y="${(height - 4).toFixed(1)}">first unchoke ${formatDuration(unchoked)}</text>`;
  return `<line class="won" x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${AXIS_PX - 6}" y2="${height.toFixed(1)}"/>${label}`;
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

function namedRow(peer: RecordedPeer, top: number, x: (ms: number) => number, shownMs: number): string {
  const middle = top + NAMED_ROW_PX / 2;
  const label = `${peer.name} ${peer.family === 'unknown' ? '' : peer.family}`.trim();
  const bars = segmentsOf(peer, shownMs).map(({ phase, from, to }) => {
    const width = Math.max(1, x(to) - x(from));
    return `<rect class="${phase}" x="${x(from).toFixed(1)}" y="${top + 3}" width="${width.toFixed(1)}" height="${NAMED_ROW_PX - 6}"/>`;
  });
  const { closed } = peer.times;
  const isCut = peer.reason.code === 'stopped' || closed === null || closed > shownMs;
  const end = isCut ? '' : `<path class="lost" d="M${x(closed).toFixed(1)} ${top + 2}v${NAMED_ROW_PX - 4}"/>`;
  return `<g class="peer${peer.isWinner ? ' winner' : ''}"><title>${escaped(tooltip(peer))}</title><text class="name" x="${NAME_PX - 8}" y="${middle + 3.5}">${peer.isWinner ? '★ ' : ''}${escaped(cut(label))}</text>${bars.join('')}${end}</g>`;
}

function cut(text: string): string {
  return text.length > 36 ? `${text.slice(0, 35)}…` : text;
}

function tooltip({ name, family, source, transport, times, reason }: RecordedPeer): string {
  const stages = (['dialed', 'connected', 'handshaken', 'unchoked', 'firstBlock'] as const).flatMap(
    (stage) => {
      const at = times[stage];
      return at === null ? [] : [`${stage} ${formatDuration(at)}`];
    },
  );
  return `${name} (${family}) from ${source} over ${transport}\n${stages.join(' · ')}\n${endingText(reason)}`;
}

/** Hairlines: one path per phase for all of them; otherwise the page would be very large. */
function restRows(
  peers: readonly RecordedPeer[],
  top: number,
  rowPx: number,
  x: (ms: number) => number,
): string {
  if (peers.length === 0) return '';
  const paths: Record<PhaseName, string[]> = { dialling: [], handshaking: [], choked: [], unchoked: [] };
  for (const [i, peer] of peers.entries()) {
    const y = (top + (i + 0.5) * rowPx).toFixed(2);
    for (const { phase, from, to } of segmentsOf(peer, Number.POSITIVE_INFINITY)) {
      const width = x(to) - x(from);
      if (width > 0) paths[phase].push(`M${x(from).toFixed(1)} ${y}h${width.toFixed(1)}`);
    }
  }
  const lines = PHASES.map(
    (phase) =>
      `<path class="${phase} hair" stroke-width="${rowPx.toFixed(3)}" d="${paths[phase].join('')}"/>`,
  );
  const label = `<text class="name" x="${NAME_PX - 8}" y="${top + 10}">${peers.length} more, one hairline each</text>`;
  return `<g class="rest" data-peers="${peers.length}">${label}${lines.join('')}</g>`;
}
