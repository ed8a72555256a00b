/** Signals such as Ctrl-C: the first asks the run to end in order, the second ends the process at once. */
import { EXIT_STATUS } from '../../failure.ts';
import { onEndingSignals } from './ending-signals.ts';

/** The terminal is gone. Both kernel and shell may send it, and SIGTERM may follow, so it never counts as the second signal. */
const HANGUP = 'SIGHUP';

export class Interrupt {
  readonly #onFirst: () => void;
  #asked = false;
  #isEnding = false;
  readonly #forget: () => void;
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
    this.#forget = onEndingSignals(this.#ask);
    process.on(HANGUP, this.#end);
  }

  release(): void {
    this.#forget();
    process.off(HANGUP, this.#end);
  }
}
