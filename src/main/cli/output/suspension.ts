/** Ctrl-Z, and what comes after it: the process stops, and goes on in the foreground or in the background. */

export interface SuspensionEvents {
  /** Before the process stops; not before SIGSTOP, which no process notices. */
  readonly onStop: () => void;
  readonly onGoOn: () => void;
}

export class Suspension {
  readonly #events: SuspensionEvents;
  #isWatching = false;
  readonly #stop = (): void => {
    this.#events.onStop();
    // Without our listener the signal does what it usually does. What follows happens when the process goes on.
    this.release();
    process.kill(process.pid, 'SIGTSTP');
    this.watch();
    this.#events.onGoOn();
  };
  readonly #goOn = (): void => this.#events.onGoOn();

  constructor(events: SuspensionEvents) {
    this.#events = events;
  }

  /** May be called again. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    process.on('SIGTSTP', this.#stop);
    process.on('SIGCONT', this.#goOn);
  }

  release(): void {
    this.#isWatching = false;
    process.off('SIGTSTP', this.#stop);
    process.off('SIGCONT', this.#goOn);
  }
}
