/**
 * What each strategy would have needed for its first unchoke, on the times that this run recorded. The peers themselves are
 * taken to behave as they did; what nobody saw (a peer that was still in play at the end) is a bound, and is called one.
 */
import { CONNECT_TIMEOUT_MS, SEQUENTIAL_EXCHANGE_MS } from '../../shared/limits.ts';
import { STRATEGIES, type Strategy } from '../../shared/messages.ts';
import type { RecordedPeer } from './recording.ts';

export interface Replay {
  readonly strategy: Strategy;
  /** Milliseconds to the first unchoke; null where it would have had none. */
  readonly ms: number | null;
  /** It would have needed at least so long: part of it is a bound. */
  readonly isBound: boolean;
}

/** `peers` in the order in which their addresses came. */
export function replays(peers: readonly RecordedPeer[]): Replay[] {
  const dialled = peers.filter(({ times }) => times.dialed !== null);
  const run: Readonly<Record<Strategy, (all: readonly RecordedPeer[]) => Omit<Replay, 'strategy'>>> = {
    sequential,
    'first-connect': firstConnect,
    'first-unchoke': firstUnchoke,
  };
  return STRATEGIES.map((strategy) => ({ strategy, ...run[strategy](dialled) }));
}

/** Everybody at once: the earliest unchoke. */
function firstUnchoke(peers: readonly RecordedPeer[]): Omit<Replay, 'strategy'> {
  const all = peers.flatMap(({ times }) => times.unchoked ?? []);
  return { ms: all.length === 0 ? null : least(all), isBound: false };
}

/** All are dialled, and whoever connects first is kept until it is lost; then the next to connect. */
function firstConnect(peers: readonly RecordedPeer[]): Omit<Replay, 'strategy'> {
  const connected = peers
    .filter(({ times }) => times.connected !== null)
    .sort((a, b) => (a.times.connected ?? 0) - (b.times.connected ?? 0));
  let now = 0;
  let isBound = false;
  for (const { times, reason } of connected) {
    const begun = Math.max(now, times.connected ?? 0);
    const unchoke = span(times.connected, times.unchoked);
    if (unchoke !== null) return { ms: begun + unchoke, isBound };
    now = begun + (span(times.connected, times.closed) ?? 0);
    isBound ||= reason.code === 'stopped';
  }
  return { ms: null, isBound };
}

/** One after the other, each with its whole exchange or its time-out. */
function sequential(peers: readonly RecordedPeer[]): Omit<Replay, 'strategy'> {
  let now = 0;
  let isBound = false;
  for (const { times, reason } of peers) {
    const unchoke = span(times.dialed, times.unchoked);
    if (unchoke !== null && unchoke <= SEQUENTIAL_EXCHANGE_MS) return { ms: now + unchoke, isBound };
    const patience = times.connected === null ? CONNECT_TIMEOUT_MS : SEQUENTIAL_EXCHANGE_MS;
    const wasCut = reason.code === 'stopped' || reason.code === 'race-lost';
    isBound ||= wasCut;
    // One that was cut off when the run ended would have kept us waiting for all of our patience, or less: the least is what was seen.
    now += Math.min(patience, span(times.dialed, times.closed) ?? patience);
  }
  return { ms: null, isBound };
}

function span(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : to - from;
}

function least(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}
