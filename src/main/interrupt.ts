/** Ctrl-C and its like: the first asks the run to end in order, the second ends the process at once. */
import { EXIT_STATUS } from './failure.ts';

export class Interrupt {
  readonly #onFirst: () => void;
  #count = 0;
  readonly #hear = (): void => {
    this.#count += 1;
    if (this.#count > 1) process.exit(EXIT_STATUS.interrupted);
    this.#onFirst();
  };

  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    process.on('SIGINT', this.#hear).on('SIGTERM', this.#hear);
  }

  release(): void {
    process.off('SIGINT', this.#hear).off('SIGTERM', this.#hear);
  }
}
