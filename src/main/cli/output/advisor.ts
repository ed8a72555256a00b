/** Tells a download that stands still why, once for each reason, and once more in the end. */
import { HINT_AFTER_MS } from '../../../shared/limits.ts';
import { type Diagnosis, type DiagnosisCode, diagnose, diagnosisLines } from '../../doctor/diagnosis.ts';
import { type Symptoms, TrackerLog } from '../../doctor/symptoms.ts';
import type { Console } from './console.ts';

export class Advisor {
  readonly trackers = new TrackerLog();
  readonly #console: Console;
  readonly #told = new Set<DiagnosisCode>();
  #last: readonly Diagnosis[] = [];
  #lookedAt = 0;

  constructor(console: Console) {
    this.#console = console;
  }

  /** Nothing has come for `stalledMs`: the likeliest reason that was not told yet is told. */
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
    this.#console.news(diagnosisLines(news));
  }

  /** The run fails: how it looks at this moment is what will be told. */
  examine(see: () => Symptoms): void {
    this.#last = diagnose(see());
  }

  /** The last words on a run that failed. */
  conclude(): void {
    for (const diagnosis of this.#last) {
      this.#console.event({ type: 'diagnosis', ...diagnosis });
      this.#console.news(diagnosisLines(diagnosis));
    }
  }
}
