/**
 * Answers beside pieces that a peer waits for: parts of the metadata (BEP 9), and hashes (BEP 52). It may ask for megabytes at once, as
 * webtorrent does for all parts of the metadata; each answer is made when the ones before it are nearly taken.
 */
import { ANSWER_AHEAD_BYTES } from '../../shared/limits.ts';

export interface AnsweredPeer {
  readonly unsentBytes: number;
  send(bytes: Uint8Array): void;
}

export class AnswerQueue {
  readonly #peer: AnsweredPeer;
  readonly #waiting: (() => Uint8Array)[] = [];

  constructor(peer: AnsweredPeer) {
    this.#peer = peer;
  }

  push(answer: () => Uint8Array): void {
    this.#waiting.push(answer);
    this.tick();
  }

  /** Sends what the peer has room for. */
  tick(): void {
    while (this.#waiting.length > 0 && this.#peer.unsentBytes < ANSWER_AHEAD_BYTES) {
      const answer = this.#waiting.shift();
      if (answer !== undefined) this.#peer.send(answer());
    }
  }
}
