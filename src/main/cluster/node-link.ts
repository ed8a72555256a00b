/**
 * One connection to a peer that may be a node of our cluster. Both sides say `hello`, prove that they have the key, and then speak in
 * sealed messages. Nothing of the cluster is told before the proof.
 */
import type { ClusterKey, Party, Seal } from './cluster-key.ts';
import {
  decodeGreeting,
  decodeNodeSays,
  encodeGreeting,
  encodeNodeSays,
  type NodeSays,
} from './node-message.ts';

/** What a message means. */
export type Heard =
  | { readonly kind: 'nothing' }
  /** From now on the peer is a node; `id` in hex. */
  | { readonly kind: 'admitted'; readonly id: string }
  | { readonly kind: 'says'; readonly says: NodeSays }
  /** It is of no use as a node: it has another key, or breaks the rules. */
  | { readonly kind: 'refused'; readonly why: string };

const NOTHING: Heard = { kind: 'nothing' };

export class NodeLink {
  readonly #key: ClusterKey;
  readonly #we: Party;
  readonly #send: (body: Uint8Array) => void;
  #it: Party | null = null;
  #out: Seal | null = null;
  #in: Seal | null = null;
  #isRefused = false;

  /** `we`: with a nonce of this connection alone. Says hello. */
  constructor(key: ClusterKey, we: Party, send: (body: Uint8Array) => void) {
    this.#key = key;
    this.#we = we;
    this.#send = send;
    send(encodeGreeting({ kind: 'hello', ...we }));
  }

  /** It has proved that it is a node. */
  get isOpen(): boolean {
    return this.#in !== null && !this.#isRefused;
  }

  say(says: NodeSays): void {
    if (this.#out === null) return;
    const body = encodeNodeSays(says);
    this.#send(encodeGreeting({ kind: 'sealed', body, code: this.#out.next(body) }));
  }

  hear(bytes: Uint8Array): Heard {
    if (this.#isRefused) return NOTHING;
    const greeting = decodeGreeting(bytes);
    switch (greeting?.kind) {
      case 'hello':
        return this.#hello(greeting);
      case 'proof':
        return this.#proof(greeting.proof);
      case 'sealed':
        return this.#sealed(greeting.body, greeting.code);
      default:
        return this.#refuse('it sent a message that is not valid');
    }
  }

  #hello(it: Party): Heard {
    // Our own words, sent back, would prove themselves.
    if (this.#it !== null || isSame(it.id, this.#we.id) || isSame(it.nonce, this.#we.nonce))
      return this.#refuse('it sent our own words back, or greeted twice');
    this.#it = it;
    this.#send(encodeGreeting({ kind: 'proof', proof: this.#key.proofOf(this.#we, it) }));
    return NOTHING;
  }

  #proof(proof: Uint8Array): Heard {
    const it = this.#it;
    if (it === null || this.#in !== null) return this.#refuse('it sent a proof out of turn');
    if (!this.#key.isProof(proof, it, this.#we)) return this.#refuse('it has another secret');
    this.#out = this.#key.seal(this.#we, it);
    this.#in = this.#key.seal(it, this.#we);
    return { kind: 'admitted', id: Buffer.from(it.id).toString('hex') };
  }

  #sealed(body: Uint8Array, code: Uint8Array): Heard {
    if (this.#in?.isNext(body, code) !== true) return this.#refuse('a message of it was forged or lost');
    const says = decodeNodeSays(body);
    return says === null ? NOTHING : { kind: 'says', says };
  }

  #refuse(why: string): Heard {
    this.#isRefused = true;
    return { kind: 'refused', why };
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
