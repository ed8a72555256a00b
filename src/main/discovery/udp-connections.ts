/**
 * UDP trackers (BEP 15): one socket and one connection id for each address of a tracker, shared by all torrents. A connection id
 * is valid for a minute. The socket stays open as long, because some trackers bind the id to our port as well.
 */
import { MAX_IDLE_UDP_CONNECTIONS, UDP_CONNECTION_MS, UDP_TRACKER_TRIES } from '../../shared/limits.ts';
import { networkWords } from '../../shared/network-words.ts';
import { TrackerError } from './announce.ts';
import type { DatagramSocket, Environment, Sender } from './environment.ts';
import { ACTION, connectRequest, refusalOf } from './udp-packets.ts';

const CONNECT_REPLY_BYTES = 16;

/** A request on a connection, and how to read the answer. */
export interface Question<Answer> {
  readonly action: number;
  readonly make: (connectionId: bigint, transaction: number) => Buffer;
  readonly least: number;
  readonly read: (reply: Buffer) => Answer;
}

export interface AskOptions {
  readonly signal: AbortSignal;
  /** How long to wait for the first answer. Each next wait is twice as long. */
  readonly firstWaitMs: number;
}

/** The open connections. A connection that is not used closes itself. */
export class UdpConnections {
  readonly environment: Environment;
  /** Our local address; null lets the system choose. */
  readonly from: string | null;
  readonly #connections = new Map<string, UdpConnection>();

  constructor(environment: Environment, from: string | null) {
    this.environment = environment;
    this.from = from;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Repeats the question until there is an answer. Rejects with TrackerError. */
  ask<Answer>(to: Sender, question: Question<Answer>, options: AskOptions): Promise<Answer> {
    const key = `${to.address} ${to.port}`;
    const connection = this.#connections.get(key) ?? this.#open(key, to);
    return connection.ask(question, options);
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  #open(key: string, to: Sender): UdpConnection {
    const connection = new UdpConnection(this.environment, to, this.from, {
      onIdle: () => {
        const idle = [...this.#connections.values()].filter(({ isIdle }) => isIdle);
        if (idle.length > MAX_IDLE_UDP_CONNECTIONS) idle[0]?.close();
      },
      onClosed: () => this.#connections.delete(key),
    });
    this.#connections.set(key, connection);
    return connection;
  }
}

interface ConnectionId {
  readonly id: bigint;
  readonly until: number;
}

interface ConnectionListener {
  readonly onIdle: () => void;
  readonly onClosed: () => void;
}

class UdpConnection {
  readonly #environment: Environment;
  readonly #listener: ConnectionListener;
  readonly #socket: DatagramSocket;
  readonly #open: Promise<void>;
  /** By transaction id. */
  readonly #waiting = new Map<number, (reply: Buffer | Error) => void>();
  #id: ConnectionId | null = null;
  #connecting: Promise<ConnectionId> | null = null;
  #users = 0;
  #isClosed = false;
  #cancelClose = (): void => {};

  constructor(environment: Environment, to: Sender, from: string | null, listener: ConnectionListener) {
    this.#environment = environment;
    this.#listener = listener;
    let opened: (error: Error | null) => void = () => {};
    this.#open = new Promise((resolve, reject) => {
      opened = (error) => (error === null ? resolve() : reject(error));
    });
    // `ask` reports this failure.
    this.#open.catch(() => {});
    this.#socket = environment.openSocket(to.address.includes(':') ? 6 : 4, false, {
      onMessage: (reply) => this.#hear(reply),
      onError: (error) => {
        opened(error);
        this.#fail(error);
      },
    });
    const connect = (): void => {
      try {
        this.#socket.connect(to.port, to.address, opened);
      } catch (error) {
        // Node throws at once for a port or an address that it does not take. After `bind`, nobody would catch that.
        opened(error as Error);
      }
    };
    if (from === null) connect();
    else this.#socket.bind(0, from, connect);
  }

  get isIdle(): boolean {
    return this.#users === 0;
  }

  async ask<Answer>(question: Question<Answer>, options: AskOptions): Promise<Answer> {
    this.#users += 1;
    this.#cancelClose();
    this.#socket.hold(true);
    try {
      await this.#open;
      return await this.#answer(question, options);
    } catch (error) {
      // Our own address may have changed. The next question opens a new socket, unless others still use this one.
      this.#id = null;
      if (error instanceof TrackerError) throw error;
      throw new TrackerError(networkWords(error as Error), { cause: error });
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#rest();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelClose();
    this.#fail(new TrackerError('no answer in time'));
    this.#socket.close();
    this.#listener.onClosed();
  }

  /** No question is in progress: the socket stays open while its connection id is valid. */
  #rest(): void {
    const restMs = (this.#id?.until ?? 0) - this.#environment.now();
    if (restMs <= 0 || this.#isClosed) return this.close();
    this.#socket.hold(false);
    this.#cancelClose = this.#environment.later(restMs, () => this.close());
    this.#listener.onIdle();
  }

  async #answer<Answer>(question: Question<Answer>, { signal, firstWaitMs }: AskOptions): Promise<Answer> {
    const kept = this.#id;
    for (let attempt = 0; attempt < UDP_TRACKER_TRIES; attempt++) {
      const known = await unlessAborted(this.#connected(firstWaitMs), signal);
      const make = (transaction: number): Buffer => question.make(known.id, transaction);
      const asked = this.#once(make, firstWaitMs * 2 ** attempt);
      const reply = await unlessAborted(asked.reply, signal).finally(asked.forget);
      const refusal = reply === null ? null : refusalOf(reply);
      if (reply !== null && refusal === null) return answerOf(reply, question);
      // A tracker that was restarted does not know an old id. It answers with an error or not at all.
      const isOld = known === kept;
      if (isOld && this.#id === kept) this.#id = null;
      if (refusal !== null && !isOld) throw new TrackerError(`refused: ${refusal}`);
    }
    throw new TrackerError('no answer');
  }

  /** A valid id: the known one, or a new one that all questions share. */
  #connected(firstWaitMs: number): Promise<ConnectionId> {
    const { now } = this.#environment;
    if (this.#id !== null && now() < this.#id.until) return Promise.resolve(this.#id);
    if (this.#connecting !== null) return this.#connecting;
    const connecting = this.#connect(firstWaitMs)
      .then((id) => {
        this.#id = { id, until: now() + UDP_CONNECTION_MS };
        return this.#id;
      })
      .finally(() => {
        this.#connecting = null;
      });
    // Each question reports this failure, unless all questions were aborted.
    connecting.catch(() => {});
    this.#connecting = connecting;
    return connecting;
  }

  async #connect(firstWaitMs: number): Promise<bigint> {
    const question = { action: ACTION.connect, least: CONNECT_REPLY_BYTES };
    for (let attempt = 0; attempt < UDP_TRACKER_TRIES; attempt++) {
      const asked = this.#once(connectRequest, firstWaitMs * 2 ** attempt);
      const reply = await asked.reply.finally(asked.forget);
      if (reply === null) continue;
      const refusal = refusalOf(reply);
      if (refusal !== null) throw new TrackerError(`refused: ${refusal}`);
      return answerOf(reply, { ...question, read: (good) => good.readBigUInt64BE(8) });
    }
    throw new TrackerError('no answer');
  }

  /** Sends once. Resolves to the answer with our transaction id, or to null after the wait. Other datagrams are ignored. */
  #once(
    make: (transaction: number) => Buffer,
    waitMs: number,
  ): { readonly reply: Promise<Buffer | null>; readonly forget: () => void } {
    const { randomBelow, livedLater } = this.#environment;
    const transaction = randomBelow(0x1_0000_0000);
    let cancel = (): void => {};
    const reply = new Promise<Buffer | null>((resolve, reject) => {
      if (this.#isClosed) return reject(new TrackerError('no answer in time'));
      cancel = livedLater(waitMs, () => resolve(null));
      this.#waiting.set(transaction, (heard) => (heard instanceof Error ? reject(heard) : resolve(heard)));
      this.#socket.send(make(transaction), null, (error) => {
        if (error !== null) reject(error);
      });
    });
    const forget = (): void => {
      cancel();
      this.#waiting.delete(transaction);
    };
    return { reply, forget };
  }

  #hear(reply: Buffer): void {
    if (reply.length >= 8) this.#waiting.get(reply.readUInt32BE(4))?.(reply);
  }

  /** No server listens there, or this socket does not work: its connection id is useless now. */
  #fail(error: Error): void {
    this.#id = null;
    for (const wait of [...this.#waiting.values()]) wait(error);
  }
}

function answerOf<Answer>(reply: Buffer, { action, least, read }: Omit<Question<Answer>, 'make'>): Answer {
  if (reply.readUInt32BE(0) !== action || reply.length < least)
    throw new TrackerError('its answer is not valid');
  return read(reply);
}

/** The promise, unless the signal aborts first. Its listener ends with it. */
function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new TrackerError('no answer in time'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
