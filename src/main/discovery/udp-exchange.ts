/** Questions over UDP (BEP 15): each is sent again, with doubled waits, until it is answered. */
import { randomInt } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { MAX_TRACKER_MESSAGE_CHARS, UDP_TRACKER_TRIES } from '../../shared/limits.ts';
import { LivedTimer } from '../../shared/lived-timer.ts';
import { printable } from '../text/foreign-text.ts';
import { TrackerError } from './announce.ts';

const ERROR_ACTION = 3;

/** One question at a time over a connected socket, asked again until it is answered. */
export class UdpExchange {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  readonly #firstWaitMs: number;

  constructor(socket: Socket, signal: AbortSignal, firstWaitMs: number) {
    this.#socket = socket;
    this.#signal = signal;
    this.#firstWaitMs = firstWaitMs;
  }

  async ask<Answer>(
    action: number,
    make: (transaction: number) => Buffer,
    least: number,
    read: (reply: Buffer) => Answer,
  ): Promise<Answer> {
    const transaction = randomInt(0x1_0000_0000);
    const bytes = make(transaction);
    for (let attempt = 0; attempt < UDP_TRACKER_TRIES; attempt++) {
      const reply = await this.#once(bytes, transaction, this.#firstWaitMs * 2 ** attempt);
      if (reply === null) continue;
      if (reply.readUInt32BE(0) === ERROR_ACTION) throw new TrackerError(`refused: ${messageOf(reply)}`);
      if (reply.readUInt32BE(0) !== action || reply.length < least)
        throw new TrackerError('its answer is not valid');
      return read(reply);
    }
    throw new TrackerError('no answer');
  }

  /** The reply with our transaction id, or null after the wait; other datagrams are not for us. */
  #once(bytes: Buffer, transaction: number, waitMs: number): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        timer.cancel();
        this.#socket.off('message', onMessage).off('error', onError);
        this.#signal.removeEventListener('abort', onAbort);
        settle();
      };
      const onMessage = (reply: Buffer): void => {
        if (reply.length >= 8 && reply.readUInt32BE(4) === transaction) finish(() => resolve(reply));
      };
      const onError = (error: Error): void => finish(() => reject(error));
      const onAbort = (): void => finish(() => reject(new TrackerError('no answer in time')));
      const timer = new LivedTimer(waitMs, () => finish(() => resolve(null)));
      this.#socket.on('message', onMessage).on('error', onError);
      this.#signal.addEventListener('abort', onAbort, { once: true });
      if (this.#signal.aborted) return onAbort();
      this.#socket.send(bytes, (error) => {
        if (error) onError(error);
      });
    });
  }
}

/** Trackers written in C often send the end of their string, too. */
function messageOf(reply: Buffer): string {
  return printable(reply.subarray(8).toString('utf8').replace(/\0+$/, '')).slice(
    0,
    MAX_TRACKER_MESSAGE_CHARS,
  );
}
