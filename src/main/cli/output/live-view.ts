/**
 * The state of a download as a block of lines on a terminal. It answers at a glance: how far, how fast, how long, is anything
 * wrong. With `--verbose` also what pieces, peers, race and threads do.
 */
import type { PhaseTotals } from '../../race/phase-totals.ts';
import type { FastPeer } from '../../session/events.ts';
import { columnsOf, cutTo, fittedTo } from '../../text/columns.ts';
import { shownLines } from '../../text/shown-lines.ts';
import {
  counted,
  formatDuration,
  formatRate,
  formatSize,
  formatTime,
  formatTimeLeft,
} from '../../text/units.ts';
import { type Paint, PLAIN } from './paint.ts';
import { peersText } from './peers-text.ts';
import type { BlockSize } from './screen.ts';

/** How much of a stretch of pieces is verified, from nothing to all. */
const SHADES = [' ', '░', '▒', '▓', '█'] as const;
/** Wider bars would draw attention away from everything else. */
const MAX_BAR_COLUMNS = 60;
const LABEL_COLUMNS = 9;
/** The most that is shown while a piece must still be verified. */
const NEARLY_ALL = 0.999;

export interface DownloadState {
  readonly name: string;
  readonly verifiedBytes: number;
  /** With what has arrived of pieces that are not verified yet. */
  readonly receivedBytes: number;
  readonly wantedBytes: number;
  readonly verifiedPieces: number;
  readonly wantedPieces: number;
  /** Bytes a second. */
  readonly rate: number;
  /** Milliseconds until all is there; null if nobody can know. */
  readonly leftMs: number | null;
  readonly elapsedMs: number;
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
  /** How far the cluster is; empty without one. */
  readonly cluster: string;
}

export interface ViewStyle {
  readonly paint: Paint;
  /** Also what pieces, peers, race and threads do. */
  readonly verbose: boolean;
}

/** At most `columns` wide and `rows` high: the least important lines are left out first. */
export function liveView(
  state: DownloadState,
  { columns, rows }: BlockSize,
  { paint, verbose }: ViewStyle = { paint: PLAIN, verbose: false },
): string[] {
  const width = Math.max(20, columns - 1);
  // Names and clients are the words of strangers: they become safe before our own colours come in.
  const line = (text: string): string => cutTo(safe(text), width);
  const calm: readonly (readonly [rank: number, text: string])[] = [
    [0, headline(state, width, paint)],
    [1, barOf(state, Math.min(MAX_BAR_COLUMNS, width), paint)],
    [2, line(amountsText(state))],
    [3, peersLine(state, width, paint)],
    ...(state.cluster === '' ? [] : [[4, line(state.cluster)] as const]),
  ];
  const bar = Math.min(MAX_BAR_COLUMNS, width - LABEL_COLUMNS);
  const details: readonly (readonly [rank: number, text: string])[] = [
    [5, labelled('pieces', state.stretches(bar).map(shade).join(''))],
    [4, labelled('fastest', fastestText(state))],
    [6, labelled('race', raceText(state))],
    [7, labelled('threads', threadsText(state))],
  ];
  return [...calm, ...(verbose ? details.map(([rank, text]) => [rank, line(text)] as const) : [])]
    .filter(([rank]) => rank < rows)
    .map(([, text]) => text);
}

/** The same in one line, for a pipe: shorter, and nothing is in it twice. */
export function plainLine(state: DownloadState): string {
  const { wantedBytes, rate, leftMs, elapsedMs, known, peers, ttfuMs } = state;
  return joined(
    `${percentOf(receivedShare(state))} of ${formatSize(wantedBytes)} in ${formatTime(elapsedMs)}`,
    speedText(rate, leftMs),
    peersText({ known, peers, rate, hasBegun: ttfuMs !== null }),
    state.cluster,
  );
}

/** The share that is done, 0 to 1. */
function shareOf(doneBytes: number, wantedBytes: number): number {
  return wantedBytes === 0 ? 1 : doneBytes / wantedBytes;
}

/** The share that has arrived: all of it only when all is verified. */
export function receivedShare({
  receivedBytes,
  verifiedBytes,
  wantedBytes,
}: Pick<DownloadState, 'receivedBytes' | 'verifiedBytes' | 'wantedBytes'>): number {
  return verifiedBytes >= wantedBytes ? 1 : Math.min(NEARLY_ALL, shareOf(receivedBytes, wantedBytes));
}

/** `46.2 %`. */
export function percentText(doneBytes: number, wantedBytes: number): string {
  return percentOf(shareOf(doneBytes, wantedBytes));
}

function percentOf(share: number): string {
  return `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
}

/** `24.1 MiB/s  58 s left`; without data nothing, and no time that nobody can know. */
export function speedText(rate: number, leftMs: number | null): string {
  if (rate <= 0) return '';
  return `${formatRate(rate)}${leftMs === null ? '' : `  ${formatTimeLeft(leftMs)} left`}`;
}

/** The parts that say something, with a gap between them. */
export function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('  ');
}

function headline(state: DownloadState, width: number, paint: Paint): string {
  const percent = percentOf(receivedShare(state));
  const figures = joined(percent, speedText(state.rate, state.leftMs));
  const name = cutTo(safe(state.name), width - figures.length - 2);
  return `${paint('strong', name)}${' '.repeat(Math.min(2, columnsOf(name)))}${cutTo(figures, width)}`;
}

/** With colours, what is verified stands out from what has only arrived. */
function barOf(state: DownloadState, columns: number, paint: Paint): string {
  const received = Math.floor(receivedShare(state) * columns);
  const verified = Math.min(received, Math.floor(shareOf(state.verifiedBytes, state.wantedBytes) * columns));
  const [good, pending] = ['━'.repeat(verified), '━'.repeat(received - verified)];
  return `${paint('good', good)}${pending}${paint('faint', '─'.repeat(columns - received))}`;
}

function labelled(label: string, text: string): string {
  return `${label.padEnd(LABEL_COLUMNS)}${text}`;
}

function shade(share: number): string {
  // The full shade means that every piece is there.
  const level = share >= 1 ? SHADES.length - 1 : Math.ceil(share * (SHADES.length - 2));
  return SHADES[level] ?? ' ';
}

function amountsText(state: DownloadState): string {
  const { receivedBytes, wantedBytes, verifiedPieces, wantedPieces, elapsedMs, peers } = state;
  const pieces = `${verifiedPieces} of ${counted(wantedPieces, 'piece')}`;
  const given = peers.sentBytes > 0 ? `; ${formatSize(peers.sentBytes)} given to peers` : '';
  return `${formatSize(receivedBytes)} of ${formatSize(wantedBytes)} in ${formatTime(elapsedMs)}, ${pieces}${given}`;
}

function peersLine(state: DownloadState, width: number, paint: Paint): string {
  const { known, peers, rate, ttfuMs } = state;
  const text = fittedTo(peersText({ known, peers, rate, hasBegun: ttfuMs !== null }), width);
  return state.rate > 0 ? text : paint('bad', text);
}

function fastestText({ fastest }: DownloadState): string {
  if (fastest.length === 0) return 'no peer is sending data';
  return fastest.map(({ name, client, rate }) => `${formatRate(rate)} ${name} (${client})`).join(' · ');
}

function raceText({ ttfuMs, winner, peers }: DownloadState): string {
  const dials = `${peers.dialed} dials, ${peers.connected} connected`;
  if (ttfuMs === null) return `no peer has unchoked us yet; ${dials}`;
  return `first unchoke after ${formatDuration(ttfuMs)}${winner === null ? '' : ` from ${winner}`}; ${dials}`;
}

function threadsText({ shards, hashBacklog }: DownloadState): string {
  const each = shards.map(
    ({ peers, lagMs }, i) => `shard ${i}: ${counted(peers, 'peer')}, ${Math.round(lagMs)} ms late`,
  );
  return [...each, `${counted(hashBacklog, 'piece')} to hash`].join(' · ');
}

function safe(text: string): string {
  return shownLines([text]).join('');
}
