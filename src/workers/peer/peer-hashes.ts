/** Hashes of trees (BEP 52) with one peer: what it asks main for and what main asks it for, within limits. */

import type { Clock } from '../../shared/clock.ts';
import {
  type HashAnswer,
  type HashEvent,
  type HashRequest,
  keyOfRequest,
} from '../../shared/hash-messages.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  HASHES_BURST_BYTES,
  HASHES_BYTES_PER_S,
  MAX_ASKED_HASHES,
  MAX_HASH_REQUESTS,
  MAX_PEER_LEAF_READS,
} from '../../shared/limits.ts';
import { TREE_HASH_BYTES } from '../../shared/merkle.ts';
import type { LeavesOf } from '../uploads/leaf-hashes.ts';
import {
  decodeHashes,
  decodeHashRequest,
  encodeHashes,
  encodeHashReject,
  encodeHashRequest,
} from '../wire/hash-message.ts';
import { MESSAGE } from '../wire/message.ts';
import { Allowance } from './allowance.ts';

interface HashesHost {
  readonly clock: Clock;
  readonly send: (bytes: Uint8Array) => void;
  /** Sends what the peer asked for, as fast as it takes it. */
  readonly answer: (make: () => Uint8Array) => void;
  readonly tell: (news: HashEvent) => void;
}

export class PeerHashes {
  readonly #peer: PeerIndex;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #answer: (make: () => Uint8Array) => void;
  readonly #tell: (news: HashEvent) => void;
  /** What it was asked for and has not answered, by the bytes of the request. */
  readonly #asked = new Set<string>();
  /** Its requests that are not answered. */
  #waiting = 0;
  /** Pieces that are read for it. */
  #reading = 0;
  /** Bytes of hashes that it may still get: a request is small, and its answer is not. */
  readonly #bytes: Allowance;
  readonly #clock: Clock;

  constructor(peer: PeerIndex, host: HashesHost) {
    this.#peer = peer;
    this.#send = host.send;
    this.#answer = host.answer;
    this.#tell = host.tell;
    this.#clock = host.clock;
    this.#bytes = new Allowance(HASHES_BURST_BYTES, HASHES_BYTES_PER_S, host.clock());
  }

  /** The messages 21 to 23, after the id. False if nobody asked for it. */
  message(id: number, payload: Buffer): boolean {
    const request = decodeHashRequest(payload);
    if (id === MESSAGE.hashRequest) {
      this.#heard(request);
      return true;
    }
    if (!this.#asked.delete(keyOfRequest(request))) return false;
    const hashes = id === MESSAGE.hashes ? decodeHashes(payload) : null;
    this.#tell({ type: 'hashes', peer: this.#peer, request, hashes });
    return true;
  }

  ask(requests: readonly HashRequest[]): void {
    for (const request of requests) {
      if (this.#asked.size >= MAX_ASKED_HASHES) this.#asked.clear();
      this.#asked.add(keyOfRequest(request));
      this.#send(encodeHashRequest(request));
    }
  }

  /** The answer of main. `leavesOf`: hashes of the blocks of a piece, if it can be read. */
  answer(request: HashRequest, answer: HashAnswer | null, leavesOf: LeavesOf): void {
    const send = (hashes: Uint8Array | null): void => {
      this.#answer(() => {
        this.#waiting -= 1;
        return hashes === null ? encodeHashReject(request) : encodeHashes(request, hashes);
      });
    };
    if (answer === null || answer.leaves === null) return send(answer?.hashes ?? null);
    // A whole piece is read for it.
    if (this.#reading >= MAX_PEER_LEAF_READS) return send(null);
    this.#reading += 1;
    const { piece, bytes } = answer.leaves;
    leavesOf(piece, bytes, (leaves) => {
      this.#reading -= 1;
      send(leaves === null ? null : whole(leaves, request, answer.hashes));
    });
  }

  #heard(request: HashRequest): void {
    this.#bytes.refill(this.#clock());
    const isServed = this.#waiting < MAX_HASH_REQUESTS && this.#bytes.spend(request.count * TREE_HASH_BYTES);
    if (!isServed) return this.#send(encodeHashReject(request));
    this.#waiting += 1;
    this.#tell({ type: 'hash-request', peer: this.#peer, request });
  }
}

/** Leaves beyond the end of the file are zeros. */
function whole(leaves: Uint8Array, { count }: HashRequest, uncles: Uint8Array): Uint8Array {
  const empty = new Uint8Array(count * TREE_HASH_BYTES - leaves.length);
  return Buffer.concat([leaves, empty, uncles]);
}
