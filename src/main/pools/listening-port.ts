/**
 * The port for incoming connections. Each shard listens at it where threads can share a port, so that no shard has all incoming
 * peers; else one shard does. A thread that replaces a dead one listens again.
 */
import type { ShardCommand } from '../../shared/messages.ts';

type ListenCommand = Extract<ShardCommand, { type: 'listen' }>;
type ListenersCommand = Extract<ShardCommand, { type: 'listeners' }>;
/** As the shards answer: the port, or the system's error. */
interface Answer {
  readonly port: number | null;
  readonly error: string | null;
}

export interface ListeningThreads {
  readonly size: number;
  send(position: number, command: ListenCommand | ListenersCommand): void;
  /**
   * Finds out that no program has the port, and resolves to it; 0 takes a free one. Rejects with the system's error. Sockets
   * that share a port would let another process of this user take it as well.
   */
  reserve(port: number, host: string | null): Promise<number>;
}

export class ListeningPort {
  readonly #threads: ListeningThreads;
  /** What each position was told, unless it failed. */
  readonly #asked = new Map<number, ListenCommand>();
  /** Who waits for the answer of a position. */
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  constructor(threads: ListeningThreads) {
    this.#threads = threads;
  }

  /** How many shards listen. */
  get threads(): number {
    return this.#asked.size - this.#waiting.size;
  }

  /** Resolves to the port; rejects with the system's error. `sharedUtp`: as in the command. */
  async open(port: number, host: string | null, sharedUtp: boolean): Promise<number> {
    if (this.#threads.size > 1) {
      const shared = await this.#openShared(port, host, sharedUtp);
      if (shared !== null) return shared;
    }
    const answer = await this.#ask(0, { type: 'listen', port, host, shared: false, sharedUtp: false });
    if (answer.port === null) throw new Error(answer.error ?? 'unknown');
    return answer.port;
  }

  /** Null if no thread could share a port. Where threads cannot (Node before 22.12), the first that asked has it alone. */
  async #openShared(wanted: number, host: string | null, sharedUtp: boolean): Promise<number | null> {
    const port = await this.#threads.reserve(wanted, host);
    const positions = Array.from({ length: this.#threads.size }, (_, position) => position);
    const command: ListenCommand = { type: 'listen', port, host, shared: true, sharedUtp };
    await Promise.all(positions.map((position) => this.#ask(position, command)));
    for (const position of this.#asked.keys()) this.#tellCount(position);
    return this.threads > 0 ? port : null;
  }

  heard(position: number, answer: Answer): void {
    const command = this.#asked.get(position);
    if (answer.port === null) this.#asked.delete(position);
    // A thread that takes the place of this one needs the same port, not another free one.
    else if (command !== undefined) this.#asked.set(position, { ...command, port: answer.port });
    this.#waiting.get(position)?.(answer);
    this.#waiting.delete(position);
  }

  /** A new thread is in the place of a dead one, which may not have answered. */
  replaced(position: number): void {
    const command = this.#asked.get(position);
    if (command === undefined) return;
    this.#threads.send(position, command);
    if (command.shared) this.#tellCount(position);
  }

  /** The limits of incoming peers are those of the session: where one thread listens, it may have all of them. */
  #tellCount(position: number): void {
    this.#threads.send(position, { type: 'listeners', count: this.#asked.size });
  }

  #ask(position: number, command: ListenCommand): Promise<Answer> {
    this.#asked.set(position, command);
    const answered = new Promise<Answer>((resolve) => {
      this.#waiting.set(position, resolve);
    });
    this.#threads.send(position, command);
    return answered;
  }
}
