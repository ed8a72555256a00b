/**
 * The time to the first unchoke that each strategy would have needed, from the recorded times of this run. Peers are assumed
 * to behave as they did. For a peer that was still in play at the end, the time is a lower bound and marked as one.
 */
import { CONNECT_TIMEOUT_MS, SEQUENTIAL_EXCHANGE_MS } from '../../shared/limits.ts';
import { STRATEGIES, type Strategy } from '../../shared/messages.ts';
import type { RecordedPeer } from './recording.ts';

export interface Replay {
  readonly strategy: Strategy;
  /** Milliseconds to the first unchoke; null if there would have been none. */
  readonly ms: number | null;
  /** The time is a lower bound, because part of it is one. */
  readonly isBound: boolean;
}

/** `peers` in the order of their addresses. */
export function replays(peers: readonly RecordedPeer[]): Replay[] {
  const dialled = peers.filter(({ times }) => times.dialed !== null);
  const run: Readonly<Record<Strategy, (all: readonly RecordedPeer[]) => Omit<Replay, 'strategy'>>> = {
    sequential,
    'first-connect': firstConnect,
    'first-unchoke': firstUnchoke,
  };
  return STRATEGIES.map((strategy) => ({ strategy, ...run[strategy](dialled) }));
}

/** All at once: the earliest unchoke. */
function firstUnchoke(peers: readonly RecordedPeer[]): Omit<Replay, 'strategy'> {
  const all = peers.flatMap(({ times }) => times.unchoked ?? []);
  return { ms: all.length === 0 ? null : least(all), isBound: false };
}

/** All are dialled. The first that connects is kept until it is lost; then the next one that connects. */
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
    // A peer that was cut off at the end of the run would have taken the full time-out or less: the observed time is the minimum.
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
