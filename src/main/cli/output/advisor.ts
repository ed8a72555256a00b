/** Tells the user why a download makes no progress: each reason once, and all of them when the run fails. */
import { monotonicMs } from '../../../shared/clock.ts';
import { HINT_AFTER_MS } from '../../../shared/limits.ts';
import { Arrivals } from '../../doctor/arrivals.ts';
import { type Diagnosis, type DiagnosisCode, diagnose, diagnosisLines } from '../../doctor/diagnosis.ts';
import type { Symptoms } from '../../doctor/symptoms.ts';
import { TrackerLog } from '../../doctor/tracker-log.ts';
import type { Console } from './console.ts';

/** After this time other lines may stand between. */
const FRESH_MS = 60_000;

export class Advisor {
  readonly trackers = new TrackerLog();
  readonly #arrivals = new Arrivals();
  readonly #console: Console;
  readonly #told = new Set<DiagnosisCode>();
  /** What the user read last, and when. */
  #read: { readonly text: string; readonly at: number } | null = null;
  #last: readonly Diagnosis[] = [];
  #lookedAt = 0;

  constructor(console: Console) {
    this.#console = console;
  }

  /** Bytes received so far. */
  received(bytes: number): void {
    this.#arrivals.note(bytes, monotonicMs());
  }

  /** Data has arrived lately, compared with the time without a verified piece: it is only slow. */
  dataArrives(stalledMs: number): boolean {
    return this.#arrivals.within(stalledMs / 2, monotonicMs());
  }

  /** Nothing has arrived for `stalledMs`: tells the likeliest reason that was not told yet. */
  hint(stalledMs: number, see: () => Symptoms): void {
    if (stalledMs < HINT_AFTER_MS) {
      this.#lookedAt = 0;
      return;
    }
    if (stalledMs - this.#lookedAt < HINT_AFTER_MS) return;
    this.#lookedAt = stalledMs;
    const news = diagnose(see()).find(({ code }) => !this.#told.has(code));
    if (news === undefined) return;
    this.#told.add(news.code);
    this.#console.event({ type: 'diagnosis', ...news });
    const lines = diagnosisLines(news);
    // With --quiet nobody reads it.
    if (!this.#console.isQuiet) this.#read = { text: lines.join('\n'), at: monotonicMs() };
    this.#console.news(lines);
  }

  /** The run fails: keeps the diagnosis of this moment for `conclude`. */
  examine(see: () => Symptoms): void {
    this.#last = diagnose(see());
  }

  /** Returns the reasons at the end of a failed run. Scripts hear them, and people too if `explains`. */
  conclude(explains = true): readonly Diagnosis[] {
    for (const diagnosis of this.#last) {
      this.#console.event({ type: 'diagnosis', ...diagnosis });
      if (explains && !this.#isFresh(diagnosis)) this.#console.explain(diagnosisLines(diagnosis));
    }
    return this.#last;
  }

  /** The same words stand a few lines above. */
  #isFresh(diagnosis: Diagnosis): boolean {
    const text = diagnosisLines(diagnosis).join('\n');
    return this.#read?.text === text && monotonicMs() - this.#read.at < FRESH_MS;
  }
}
