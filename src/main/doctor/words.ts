/** Counts, lists and subjects of a diagnosis in words, singular and plural. */
import type { TrackerState } from './tracker-log.ts';

const NAMED_TRACKERS = 3;

/** `the only peer`, `both peers`, `all 7 peers`, `5 of 7 peers`. */
export function peersOf(some: number, all: number): string {
  if (all === 1) return 'the only peer';
  if (some < all) return `${some} of ${all} peers`;
  return all === 2 ? 'both peers' : `all ${all} peers`;
}

/** `the tracker`, `both trackers`, `all 3 trackers`. */
export function allTrackers(count: number): string {
  if (count === 1) return 'the tracker';
  return count === 2 ? 'both trackers' : `all ${count} trackers`;
}

/** After `from`: `the tracker`, `either tracker`, `any of the 3 trackers`. */
export function anyTracker(count: number): string {
  if (count === 1) return 'the tracker';
  return count === 2 ? 'either tracker' : `any of the ${count} trackers`;
}

/** `the tracker has not`, `neither tracker has`, `none of the 3 trackers has`. */
export function noTrackerHas(count: number): string {
  if (count === 1) return 'the tracker has not';
  return count === 2 ? 'neither tracker has' : `none of the ${count} trackers has`;
}

/** `neither peer`, `none of the 7 peers`. */
export function noneOf(all: number): string {
  return all === 2 ? 'neither peer' : `none of the ${all} peers`;
}

/** The verb for so many. */
export function verb(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}

/** Each with what it said last. The time of the next try is for the news: here it would be of the past. */
export function named(trackers: readonly TrackerState[]): string {
  const shown = trackers
    .slice(0, NAMED_TRACKERS)
    .map(({ tracker, text }) => `${tracker} (${withoutNextTry(text)})`);
  const more = trackers.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function withoutNextTry(text: string): string {
  return text.replace(/; (?:next try in .*|it is not asked again)$/, '');
}

/** `a`, `a, or b`, `a, b, or c`: things to do instead of each other. */
export function either(ways: readonly string[]): string {
  if (ways.length < 2) return ways.join('');
  return `${ways.slice(0, -1).join(', ')}, or ${ways.at(-1)}`;
}
