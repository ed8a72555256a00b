/** `--report FILE.html`: records the run, and writes the page at its end. */
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { monotonicMs } from '../../shared/clock.ts';
import { diskFailure } from '../files/disk-failure.ts';
import { checkReplaceable, writeWhole } from '../files/whole-file.ts';
import type { Race } from '../race/race.ts';
import { type PageFacts, racePage } from './html-page.ts';
import type { RaceReport } from './race-report.ts';
import { FlowRecorder, recordingOf } from './recording.ts';

export class ReportFile {
  readonly #path: string;
  readonly #flow = new FlowRecorder();

  /** Throws a `disk` failure if the file could not be written: better now than after hours. */
  constructor(path: string) {
    this.#path = path;
    this.#attempt(() => {
      accessSync(diskPath(dirname(path)), constants.W_OK);
      checkReplaceable(path);
    });
  }

  /** Records the data rate now. `otherBytes`: bytes that did not come from peers. */
  sample({ firsts: { startedAt }, shardStats }: Race, otherBytes: number, verifiedBytes: number): void {
    if (startedAt === null) return;
    const receivedBytes = shardStats.reduce((sum, entry) => sum + (entry?.blockBytes ?? 0), otherBytes);
    this.#flow.add({ ms: monotonicMs() - startedAt, receivedBytes, verifiedBytes });
  }

  /** Call after the race has stopped. The page is written as a whole or not at all. Throws a `disk` failure. */
  write(race: Race, report: RaceReport, facts: Omit<PageFacts, 'date'>): void {
    const endMs = race.firsts.startedAt === null ? 0 : monotonicMs() - race.firsts.startedAt;
    const recording = recordingOf(race, this.#flow.samples, endMs);
    const page = racePage({ ...facts, date: new Date() }, report, recording);
    this.#attempt(() => writeWhole(this.#path, page));
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), this.#path, error);
    }
  }
}
