/** The life of a virtual thread: calls from timers or the network reach it only while it lives. */
import type { ConnectionEvents } from '../../src/workers/transport/transport.ts';

export class Mortal {
  #dead = false;

  get isDead(): boolean {
    return this.#dead;
  }

  /** The thread dies at this moment: nothing reaches it or comes from it any more. */
  readonly kill = (): void => {
    this.#dead = true;
  };

  while<T extends unknown[]>(work: (...args: T) => unknown): (...args: T) => void {
    return (...args) => {
      if (!this.#dead) work(...args);
    };
  }

  hears(events: ConnectionEvents): ConnectionEvents {
    return {
      onConnect: this.while(() => events.onConnect()),
      onData: this.while((length) => events.onData(length)),
      onEnd: this.while((code, detail) => events.onEnd(code, detail)),
      onShortage: this.while((code) => events.onShortage(code)),
    };
  }
}
