/**
 * The line between the main thread and a simulated one. As with a port, each side gets a copy in a later turn, in order. The
 * delay is random, so messages of different threads overtake each other.
 */
import type { Roll } from './personas.ts';
import type { ProcessLoop } from './process-loop.ts';

/** Most messages are quick; one in this many waits for a busy thread. */
const SLOW_ONE_IN = 20;
const SLOW_MS = 60;

export class VirtualLine {
  readonly #process: ProcessLoop;
  readonly #roll: Roll;
  #downAt = 0;
  #upAt = 0;

  constructor(process: ProcessLoop, roll: Roll) {
    this.#process = process;
    this.#roll = roll;
  }

  /** To the thread. */
  down(message: unknown, deliver: (copy: unknown) => void): void {
    this.#downAt = this.#send(this.#downAt, message, deliver);
  }

  /** To main. */
  up(message: unknown, deliver: (copy: unknown) => void): void {
    this.#upAt = this.#send(this.#upAt, message, (copy) => {
      this.#process.loop.touch();
      deliver(copy);
    });
  }

  #send(last: number, message: unknown, deliver: (copy: unknown) => void): number {
    const copy = structuredClone(message);
    const delay = this.#roll(SLOW_ONE_IN) === 0 ? this.#roll(SLOW_MS) : this.#roll(10) / 10;
    const at = Math.max(last, this.#process.loop.time.now() + delay);
    this.#process.at(at, () => deliver(copy));
    return at;
  }
}
