/**
 * Decides which peers may request blocks from us: a pure function over all torrents. While we download, places go to the peers
 * that gave us most lately, and some to others, to find better ones (BEP 3). Where we seed, peers take turns.
 */
import {
  OPTIMISTIC_MS,
  PLACES_PER_OPTIMISTIC,
  SEED_TURN_BYTES,
  SEED_TURN_MS,
  SLOW_SEED_TURN_MS,
} from '../../shared/limits.ts';

/** What the choice needs of a candidate. Times in milliseconds, rates in bytes per second. */
export interface Chooseable {
  readonly wants: boolean;
  readonly gaveRate: number;
  readonly gotRate: number;
  readonly gotBytes: number;
  readonly gotAtUnchoke: number;
  readonly unchokedSince: number | null;
  readonly chokedAt: number | null;
  /** It is unchoked and leaves its place unused. */
  readonly isIdle: boolean;
}

/** The candidates of all torrents that want data, by what we want in return. */
export interface Candidates<C extends Chooseable> {
  /** Of torrents that we download. */
  readonly traders: readonly C[];
  /** Of torrents that we have. */
  readonly leeches: readonly C[];
}

/** Returns those that are unchoked from now on. `places`: how many at one time. */
export function choose<C extends Chooseable>(
  { traders, leeches }: Candidates<C>,
  places: number,
  now: number,
): Set<C> {
  const chosen = new Set<C>();
  const trading = traders.filter(({ wants }) => wants);
  const waiting = leeches.filter(({ wants }) => wants);
  const leechPlaces = waiting.length === 0 ? 0 : Math.max(1, places - trading.length);
  const tradePlaces = places - leechPlaces;
  const tried = Math.max(1, Math.floor(tradePlaces / PLACES_PER_OPTIMISTIC));
  const givers = trading.filter(({ gaveRate }) => gaveRate > 0).toSorted((a, b) => b.gaveRate - a.gaveRate);
  for (const giver of givers.slice(0, Math.max(0, tradePlaces - tried))) chosen.add(giver);
  const others = trading.filter((trader) => !chosen.has(trader));
  fill(
    chosen,
    inTurn(others, (one) => isTried(one, now)),
    tradePlaces,
  );
  fill(
    chosen,
    inTurn(waiting, (one) => hadTurn(one, now)),
    places,
  );
  return chosen;
}

function fill<C>(chosen: Set<C>, inOrder: readonly C[], places: number): void {
  for (const candidate of inOrder) {
    if (chosen.size >= places) return;
    chosen.add(candidate);
  }
}

/** It had its place for long enough to show what it gives. */
function isTried({ unchokedSince, isIdle }: Chooseable, now: number): boolean {
  return isIdle || now - (unchokedSince ?? now) >= OPTIMISTIC_MS;
}

/** It got its part, in time and in bytes, or takes nothing. A slow one gets more time, and does not keep others out for ever. */
function hadTurn({ unchokedSince, gotBytes, gotAtUnchoke, isIdle }: Chooseable, now: number): boolean {
  if (isIdle) return true;
  const ms = now - (unchokedSince ?? now);
  return ms >= SLOW_SEED_TURN_MS || (ms >= SEED_TURN_MS && gotBytes - gotAtUnchoke >= SEED_TURN_BYTES);
}

/** First those whose turn has begun, then those that wait, the longest first, then those that had their turn, the fastest first. */
function inTurn<C extends Chooseable>(candidates: readonly C[], isOver: (candidate: C) => boolean): C[] {
  const waiting = candidates.filter(({ unchokedSince }) => unchokedSince === null);
  const begun = candidates.filter((one) => one.unchokedSince !== null && !isOver(one));
  const over = candidates.filter((one) => one.unchokedSince !== null && isOver(one));
  const since = ({ chokedAt }: C): number => chokedAt ?? Number.NEGATIVE_INFINITY;
  return [
    ...begun,
    ...waiting.toSorted((a, b) => (since(a) === since(b) ? 0 : since(a) - since(b))),
    ...over.toSorted((a, b) => b.gotRate - a.gotRate),
  ];
}
