/**
 * The hashes of the pieces of a plain file, which no torrent names: they are learned piece by piece, from the node that fetched a piece
 * from the server, or from an earlier run. A hash that is known never changes.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { isHashKnown, PIECE_HASH_BYTES } from '../../shared/piece-hashes.ts';

export class LearnedHashes {
  /** 20 bytes per piece, shared with the storage threads; zeros while a hash is not known. */
  readonly memory: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly #makers = new Set<(piece: PieceIndex) => void>();
  readonly #asked = new Set<(pieces: readonly PieceIndex[]) => void>();
  readonly #listeners = new Set<(piece: PieceIndex) => void>();

  constructor(pieceCount: number) {
    this.memory = new SharedArrayBuffer(pieceCount * PIECE_HASH_BYTES);
    this.bytes = new Uint8Array(this.memory);
  }

  isKnown(piece: PieceIndex): boolean {
    return isHashKnown(this.bytes, piece);
  }

  /** SHA-1, 20 bytes; null if it is not known. */
  of(piece: PieceIndex): Uint8Array | null {
    const at = piece * PIECE_HASH_BYTES;
    return this.isKnown(piece) ? this.bytes.slice(at, at + PIECE_HASH_BYTES) : null;
  }

  get count(): number {
    return this.bytes.length / PIECE_HASH_BYTES;
  }

  /** This node has hashed what the server sent. False if another hash is known, which stays. */
  make(piece: PieceIndex, hash: Uint8Array): boolean {
    if (!this.learn(piece, hash)) return false;
    for (const tell of this.#makers) tell(piece);
    return true;
  }

  /** False if another hash is known, which stays. */
  learn(piece: PieceIndex, hash: Uint8Array): boolean {
    const known = this.of(piece);
    if (known !== null) return Buffer.compare(known, hash) === 0;
    this.bytes.set(hash, piece * PIECE_HASH_BYTES);
    for (const tell of this.#listeners) tell(piece);
    return true;
  }

  /** These are needed now: full pieces wait for them. */
  want(pieces: readonly PieceIndex[]): void {
    for (const ask of this.#asked) ask(pieces);
  }

  /** Calls `ask` for hashes that are needed. The returned function ends that. */
  onWanted(ask: (pieces: readonly PieceIndex[]) => void): () => void {
    this.#asked.add(ask);
    return () => this.#asked.delete(ask);
  }

  /** Calls `tell` for each hash that this node makes. The returned function ends that. */
  onMade(tell: (piece: PieceIndex) => void): () => void {
    this.#makers.add(tell);
    return () => this.#makers.delete(tell);
  }

  /** Calls `tell` for each hash that is learned from now on. The returned function ends that. */
  onLearned(tell: (piece: PieceIndex) => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }
}
