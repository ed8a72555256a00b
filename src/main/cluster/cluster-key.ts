/**
 * How nodes of a cluster know each other: each proves that it has the key, which is made of the cluster's name and secret. A proof
 * names the id of its sender and both nonces, so it is of no use to anybody else, or on another connection.
 */
import { createHmac, scryptSync, timingSafeEqual } from 'node:crypto';

/** Bytes of a code under a sealed message: it guards messages of one connection, while that lasts. */
const SEAL_BYTES = 16;
const KEY_BYTES = 32;

/** One side of a connection. */
export interface Party {
  readonly id: Uint8Array;
  readonly nonce: Uint8Array;
}

export class ClusterKey {
  readonly #name: string;
  readonly #secret: string;
  #key: Buffer | null = null;

  /** Without a secret, everybody who knows the name may join. */
  constructor(name: string, secret: string | null) {
    this.#name = name;
    this.#secret = secret ?? '';
  }

  proofOf({ id, nonce }: Party, to: Party): Buffer {
    return this.#code('proof', id, nonce, to.nonce);
  }

  isProof(proof: Uint8Array, of: Party, to: Party): boolean {
    const right = this.proofOf(of, to);
    return proof.length === right.length && timingSafeEqual(proof, right);
  }

  /** For the messages from `from` to `to` of one connection. */
  seal(from: Party, to: Party): Seal {
    return new Seal(this.#code('seal', from.id, from.nonce, to.nonce));
  }

  /** A secret may be a short one: each guess costs as much as this. Made once, for the first peer that may be a node. */
  get #bytes(): Buffer {
    this.#key ??= scryptSync(this.#secret, `unchoke cluster ${this.#name}`, KEY_BYTES);
    return this.#key;
  }

  #code(purpose: string, ...parts: readonly Uint8Array[]): Buffer {
    const code = createHmac('sha256', this.#bytes).update(`${purpose} `);
    for (const part of parts) code.update(part);
    return code.digest();
  }
}

/** Codes for the messages of one direction. Each counts, so none can be left out, repeated or moved. */
export class Seal {
  readonly #key: Buffer;
  #count = 0;

  constructor(key: Buffer) {
    this.#key = key;
  }

  next(body: Uint8Array): Buffer {
    this.#count += 1;
    return createHmac('sha256', this.#key)
      .update(`${this.#count} `)
      .update(body)
      .digest()
      .subarray(0, SEAL_BYTES);
  }

  isNext(body: Uint8Array, code: Uint8Array): boolean {
    const right = this.next(body);
    return code.length === right.length && timingSafeEqual(code, right);
  }
}
