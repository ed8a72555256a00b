/** What the trackers and the DHT have said so far. */
import type { TrackerNews } from '../discovery/announcer.ts';

export interface TrackerState {
  /** Its URL without secrets, `dht` or `dht6`. */
  readonly tracker: string;
  readonly answered: boolean;
  /** Its last message. */
  readonly text: string;
}

export function isDht({ tracker }: Pick<TrackerState, 'tracker'>): boolean {
  return tracker === 'dht' || tracker === 'dht6';
}

/** The last message of every tracker. */
export class TrackerLog {
  readonly #states = new Map<string, TrackerState>();

  hear({ tracker, kind, text }: TrackerNews): void {
    if (kind === 'warned') return;
    const answered = kind === 'answered' || (this.#states.get(tracker)?.answered ?? false);
    this.#states.set(tracker, { tracker, answered, text });
  }

  get states(): readonly TrackerState[] {
    return [...this.#states.values()];
  }
}
