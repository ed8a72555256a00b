/** Signals such as Ctrl-C: the first asks the run to end in order, the second ends the process at once. */
import { EXIT_STATUS } from '../../failure.ts';
import { onEndingSignals, onLostOutput } from './ending-signals.ts';

export class Interrupt {
  readonly #onFirst: () => void;
  #asked = false;
  #isEnding = false;
  readonly #forget: readonly (() => void)[];
  readonly #ask = (): void => {
    if (this.#asked) process.exit(EXIT_STATUS.interrupted);
    this.#asked = true;
    this.#end();
  };
  readonly #end = (): void => {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#onFirst();
  };

  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    this.#forget = [onEndingSignals(this.#ask), onLostOutput(this.#end)];
  }

  release(): void {
    for (const forget of this.#forget) forget();
  }
}
