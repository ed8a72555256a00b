/**
 * Signals that end a worker of a fleet: the first ends it as the user chose; a later one hands over what should have been finished,
 * then no longer waits for a queue that is away, then ends the process.
 */
import { EXIT_STATUS } from '../../failure.ts';
import type { Drain } from '../../fleet/fleet-worker.ts';
import { onEndingSignals, onLostOutput } from './ending-signals.ts';

export class DrainSignals {
  readonly #steps: (() => void)[];
  readonly #forget: readonly (() => void)[];
  #isAsked = false;
  readonly #hear = (): void => {
    this.#isAsked = true;
    const step = this.#steps.shift();
    if (step === undefined) process.exit(EXIT_STATUS.interrupted);
    step();
  };
  readonly #lose = (): void => {
    if (!this.#isAsked) this.#hear();
  };

  constructor(first: Drain, drain: (how: Drain) => void, leave: () => void) {
    const handOver = (): void => drain('hand-over');
    this.#steps = first === 'finish' ? [() => drain('finish'), handOver, leave] : [handOver, leave];
    this.#forget = [onEndingSignals(this.#hear), onLostOutput(this.#lose)];
  }

  release(): void {
    for (const forget of this.#forget) forget();
  }
}
