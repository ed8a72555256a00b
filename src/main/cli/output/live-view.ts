/** The state of a download as a block of lines on a terminal: name, progress, peers, and what delays it. */
import type { PhaseTotals } from '../../race/phase-totals.ts';
import type { FastPeer } from '../../session/events.ts';
import { formatDuration, formatRate, formatSize } from '../../text/units.ts';
import type { BlockSize } from './screen.ts';

/** How much of a stretch of pieces is verified, from nothing to all. */
const SHADES = [' ', '░', '▒', '▓', '█'] as const;
/** Wider bars would draw attention away from everything else. */
const MAX_BAR_COLUMNS = 60;
const LABEL_COLUMNS = 9;

export interface DownloadState {
  readonly name: string;
  readonly verifiedBytes: number;
  readonly wantedBytes: number;
  readonly verifiedPieces: number;
  readonly wantedPieces: number;
  /** Bytes a second. */
  readonly rate: number;
  readonly etaMs: number;
  /** How much of each stretch of the torrent is verified, 0 to 1. */
  readonly stretches: (count: number) => readonly number[];
  readonly known: number;
  readonly peers: PhaseTotals;
  /** The fastest peers, the fastest first. */
  readonly fastest: readonly FastPeer[];
  readonly ttfuMs: number | null;
  readonly winner: string | null;
  readonly shards: readonly { readonly peers: number; readonly lagMs: number }[];
  readonly hashBacklog: number;
}

/** At most `columns` wide and `rows` high: the least important lines are left out first. */
export function liveView(state: DownloadState, { columns, rows }: BlockSize): string[] {
  const width = Math.max(20, columns - 1);
  const share = state.wantedBytes === 0 ? 1 : state.verifiedBytes / state.wantedBytes;
  const percent = `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
  const figures = `${percent}  ${formatRate(state.rate)}  eta ${formatDuration(state.etaMs)}`;
  const bar = Math.min(MAX_BAR_COLUMNS, width - LABEL_COLUMNS);
  const lines: readonly (readonly [rank: number, text: string])[] = [
    [0, `${cut(state.name, width - figures.length - 2)}  ${figures}`],
    [1, labelled('pieces', state.stretches(bar).map(shade).join(''))],
    [5, labelled('', amountsText(state))],
    [2, labelled('peers', funnelText(state))],
    [3, labelled('fastest', fastestText(state))],
    [4, labelled('race', raceText(state))],
    [6, labelled('threads', threadsText(state))],
  ];
  return lines.filter(([rank]) => rank < rows).map(([, text]) => cut(text, width));
}

function labelled(label: string, text: string): string {
  return `${label.padEnd(LABEL_COLUMNS)}${text}`;
}

function shade(share: number): string {
  // The full shade means that every piece is there.
  const level = share >= 1 ? SHADES.length - 1 : Math.ceil(share * (SHADES.length - 2));
  return SHADES[level] ?? ' ';
}

function amountsText({ verifiedBytes, wantedBytes, verifiedPieces, wantedPieces }: DownloadState): string {
  return `${formatSize(verifiedBytes)} of ${formatSize(wantedBytes)}, ${verifiedPieces} of ${wantedPieces} pieces`;
}

function funnelText({ known, peers }: DownloadState): string {
  const inSession = peers.choked + peers.unchoked;
  return `${known} known ▸ ${peers.dialed} dials ▸ ${peers.connected} connected ▸ ${inSession} in session ▸ ${peers.unchoked} unchoked us`;
}

function fastestText({ fastest }: DownloadState): string {
  if (fastest.length === 0) return 'no peer is sending data';
  return fastest.map(({ name, client, rate }) => `${formatRate(rate)} ${name} (${client})`).join(' · ');
}

function raceText({ ttfuMs, winner }: DownloadState): string {
  if (ttfuMs === null) return 'no peer has unchoked us yet';
  return `first unchoke after ${formatDuration(ttfuMs)}${winner === null ? '' : ` from ${winner}`}`;
}

function threadsText({ shards, hashBacklog }: DownloadState): string {
  const each = shards.map(
    ({ peers, lagMs }, i) => `shard ${i}: ${peers} peers, ${Math.round(lagMs)} ms late`,
  );
  return [...each, `${hashBacklog} pieces to hash`].join(' · ');
}

function cut(text: string, columns: number): string {
  if (columns <= 0) return '';
  return text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}
