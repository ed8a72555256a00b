/** A rule of the doctor: a pure function from figures to a cause and an advice; null: this is not the cause. */
import { type Fate, STAGES } from './fates.ts';
import type { Symptoms } from './symptoms.ts';
import { isDht } from './tracker-log.ts';
import { either } from './words.ts';

export interface Finding {
  /** The cause, with its figures. */
  readonly text: string;
  /** What the user can do, with the option or command to type. */
  readonly advice: string;
}

export type Rule = (symptoms: Symptoms) => Finding | null;

/** The other ways to peers that this run does not use yet. */
export function otherSources(symptoms: Symptoms): string {
  return either(waysToPeers(symptoms));
}

function waysToPeers({ choices, sources }: Symptoms): string[] {
  const ways: string[] = [];
  if (choices.trackersAreOff && sources.trackers > 0) ways.push('leave out --no-trackers');
  if (choices.dhtIsOff && choices.proxy === null && !sources.private) ways.push('leave out --no-dht');
  const mayAskMore = !choices.announceAll && !choices.trackersAreOff && !sources.private;
  const asked = sources.heard.filter((one) => !isDht(one)).length;
  if (mayAskMore && asked > 0 && asked < sources.asked) ways.push('ask all trackers with --announce-all');
  return [...ways, `name ${choices.namesPeers ? 'another' : 'a'} peer with --peer HOST:PORT`];
}

/** To wait, where the run ends at some time; and other ways to peers. */
export function waitOrOthers(symptoms: Symptoms): string {
  const { longer } = symptoms.choices;
  return either([`wait longer${longer === null ? '' : ` (${longer})`}`, ...waysToPeers(symptoms)]);
}

/** How many peers have these fates. */
export function count({ fates }: Symptoms, of: readonly Fate[]): number {
  return of.reduce((sum, fate) => sum + fates[fate], 0);
}

/** Peers that were tried, and were not closed for others. */
export function judged(symptoms: Symptoms): number {
  return STAGES.reduce((sum, stage) => sum + count(symptoms, stage), 0);
}
