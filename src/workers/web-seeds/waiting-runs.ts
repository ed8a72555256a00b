/** Runs without a connection: other holders work on their missing blocks, or another web seed will continue them. */
import { ORPHANED_PIECE_MS, SLOW_OWNER_REST_MS } from '../../shared/limits.ts';
import type { SlotWriter } from './slot-writer.ts';
import type { WebSeed } from './web-seed.ts';

export class WaitingRuns {
  /** Since when each run waits. */
  readonly #runs = new Map<SlotWriter, number>();

  add(run: SlotWriter, now: number): void {
    this.#runs.set(run, now);
  }

  delete(run: SlotWriter): void {
    this.#runs.delete(run);
  }

  /** A run that misses something that this web seed has. The web seed owns the run from now on. */
  nextFor(seed: WebSeed): SlotWriter | null {
    for (const run of this.#runs.keys()) {
      // With nothing to fetch, a run would come back at once, again and again.
      const mayGoOn = run.joint
        ? !run.collect() && (run.at < run.end || run.rewind()) && seed.files.hasAt(run.at)
        : !run.hasRules &&
          run.open.every((piece) => seed.files.canGive(piece)) &&
          !run.collect() &&
          run.rewind();
      if (!mayGoOn) continue;
      this.#runs.delete(run);
      run.handTo(seed.index, run.joint);
      return run;
    }
    return null;
  }

  /** Gives back runs that no web seed continues, and, as a guest, runs where we only wait and another guest might help. */
  expire(now: number, onSettled: (run: SlotWriter) => void): void {
    for (const [run, since] of this.#runs) {
      const patienceMs = run.role === 'guest' ? SLOW_OWNER_REST_MS : ORPHANED_PIECE_MS;
      if (now - since < patienceMs || (run.role === 'owner' && !run.rewind())) continue;
      if (run.settle()) onSettled(run);
    }
  }
}
