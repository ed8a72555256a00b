/**
 * Which machine does a job: the one where its partial data lies, for a time, and not the one that could not do it. A machine that
 * takes a job which is not for it puts it back with a delay.
 */
import { FLEET_LATER_MS } from '../../shared/limits.ts';
import type { JobState, Until } from './fleet-job.ts';

export type JobPlace =
  | { readonly kind: 'here' }
  /** It goes back until this time of the calendar, with this state. */
  | { readonly kind: 'later'; readonly at: number; readonly state: JobState };

export interface PlaceRules {
  readonly machine: string;
  /** How long a job waits for the machine that has its data; 0: not at all. */
  readonly affinityMs: number;
  /** Milliseconds of the calendar. */
  readonly now: number;
}

export function placeOf(state: JobState, { machine, affinityMs, now }: PlaceRules): JobPlace {
  const { avoids, waitsFor } = state;
  if (avoids !== null && avoids.machine === machine && avoids.at > now)
    return { kind: 'later', at: Math.min(avoids.at, now + FLEET_LATER_MS), state };
  if (state.machine === null || state.machine === machine || state.bytes === 0 || affinityMs === 0)
    return { kind: 'here' };
  // The first machine that finds it decides how long it waits.
  const until = waitsFor ?? { machine: state.machine, at: now + affinityMs };
  if (until.at <= now) return { kind: 'here' };
  return { kind: 'later', at: until.at, state: goneBack(state, until) };
}

/** The state of a job that its machine gives back in order. */
export function handedOver(state: JobState, { machine, affinityMs, now }: PlaceRules): JobState {
  const waitsFor = affinityMs > 0 && state.bytes > 0 ? { machine, at: now + affinityMs } : null;
  return goneBack(state, waitsFor);
}

/** The state of a job that no machine has any more. */
export function goneBack(state: JobState, waitsFor: Until | null): JobState {
  return { ...state, phase: 'waiting', rate: 0, waitsFor };
}
