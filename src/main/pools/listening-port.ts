/** The port for incoming connections: one shard listens, and a thread that replaces it uses the same port. */
import type { ShardCommand } from '../../shared/messages.ts';

/** The shard that accepts connections: Node threads cannot share a listening socket before version 22.12. */
export const LISTENING_SHARD = 0;

export class ListeningPort {
  readonly #send: (command: ShardCommand) => void;
  #host: string | null = null;
  #port: number | null = null;
  /** The requested port; 0 is a free one. Null before the request. */
  #wanted: number | null = null;
  #resolve: (port: number) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(send: (command: ShardCommand) => void) {
    this.#send = send;
  }

  /** Resolves to the port; rejects with the system's error. */
  open(port: number, host: string | null): Promise<number> {
    this.#host = host;
    this.#wanted = port;
    this.#ask(port);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  heard(port: number | null, error: string | null): void {
    this.#port = port ?? this.#port;
    if (port !== null) this.#resolve(port);
    else this.#reject(new Error(error ?? 'unknown'));
  }

  /** The listening shard died and was replaced. */
  listenAgain(): void {
    const port = this.#port ?? this.#wanted;
    if (port !== null) this.#ask(port);
  }

  #ask(port: number): void {
    this.#send({ type: 'listen', port, host: this.#host });
  }
}
