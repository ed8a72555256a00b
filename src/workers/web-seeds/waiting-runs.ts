/** Runs that no connection fetches: others are at work on what they lack, or another web seed is to go on with them. */
import { ORPHANED_PIECE_MS, SLOW_OWNER_REST_MS } from '../../shared/limits.ts';
import type { SlotWriter } from './slot-writer.ts';
import type { WebSeed } from './web-seed.ts';

export class WaitingRuns {
  /** Since when each waits. */
  readonly #runs = new Map<SlotWriter, number>();

  add(run: SlotWriter, now: number): void {
    this.#runs.set(run, now);
  }

  delete(run: SlotWriter): void {
    this.#runs.delete(run);
  }

  /** A run that lacks something that this web seed has. It is the web seed's from here on. */
  nextFor(seed: WebSeed): SlotWriter | null {
    for (const run of this.#runs.keys()) {
      const mayGoOn = run.joint
        ? seed.files.hasAt(run.at)
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

  /** Gives back those that no web seed goes on with, and, as a guest, those where we only wait and another might help. */
  expire(now: number, onSettled: (run: SlotWriter) => void): void {
    for (const [run, since] of this.#runs) {
      const patienceMs = run.role === 'guest' ? SLOW_OWNER_REST_MS : ORPHANED_PIECE_MS;
      if (now - since < patienceMs || (run.role === 'owner' && !run.rewind())) continue;
      if (run.settle()) onSettled(run);
    }
  }
}
