/**
 * Signals that end a worker of a fleet: the first ends it as the user chose; a later one hands over what should have been finished,
 * then no longer waits for a queue that is away, then ends the process.
 */
import { EXIT_STATUS } from '../../failure.ts';
import type { Drain } from '../../fleet/fleet-worker.ts';
import { onEndingSignals } from './ending-signals.ts';

export class DrainSignals {
  readonly #steps: (() => void)[];
  readonly #forget: () => void;
  #isAsked = false;
  readonly #hear = (): void => {
    this.#isAsked = true;
    const step = this.#steps.shift();
    if (step === undefined) process.exit(EXIT_STATUS.interrupted);
    step();
  };
  /** The terminal is gone. Kernel and shell may both send it, so it never counts as a second signal. */
  readonly #hangUp = (): void => {
    if (!this.#isAsked) this.#hear();
  };

  constructor(first: Drain, drain: (how: Drain) => void, leave: () => void) {
    const handOver = (): void => drain('hand-over');
    this.#steps = first === 'finish' ? [() => drain('finish'), handOver, leave] : [handOver, leave];
    this.#forget = onEndingSignals(this.#hear);
    process.on('SIGHUP', this.#hangUp);
  }

  release(): void {
    this.#forget();
    process.off('SIGHUP', this.#hangUp);
  }
}
