/** The life of a virtual thread: what it is called for, by time or network, happens while it lives. */
import type { ConnectionEvents } from '../../src/workers/transport/transport.ts';

export class Mortal {
  #dead = false;

  get isDead(): boolean {
    return this.#dead;
  }

  /** It dies at this moment: nothing comes to it or from it any more. */
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
