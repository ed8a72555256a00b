/**
 * The hashes of the pieces of a plain file, which no torrent names: they are learned piece by piece, from the node that fetched a piece
 * from the server, or from an earlier run. A hash that is known never changes, unless this node is to believe the source more than others.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { isHashKnown, PIECE_HASH_BYTES } from '../../shared/piece-hashes.ts';

/** The node that says a hash, because it fetched the piece. */
export interface Sayer {
  /** In hex. Empty: of an earlier run. */
  readonly id: string;
  readonly name: string;
}

const EARLIER: Sayer = { id: '', name: 'an earlier run' };

/** Of a disputed piece: then its sender is to blame after all. */
const MOST_TURNS = 4;

export class LearnedHashes {
  /** 20 bytes per piece, shared with the storage threads; zeros while a hash is not known. */
  readonly memory: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly #makers = new Set<(piece: PieceIndex) => void>();
  readonly #asked = new Set<(pieces: readonly PieceIndex[]) => void>();
  readonly #listeners = new Set<(piece: PieceIndex) => void>();
  readonly #accusers = new Set<(sayer: Sayer) => void>();
  readonly #sayers = new Map<PieceIndex, Sayer>();
  /** 1 for each piece that this node fetched from the source. */
  readonly #own: Uint8Array;
  /** What the source sends counts more than what another node says. */
  readonly #trustsSource: boolean;
  /** Pieces that are not our own, and of which another hash was said as well. */
  readonly #disputed = new Map<PieceIndex, { readonly hash: Uint8Array; readonly sayer: Sayer }>();
  readonly #turns = new Map<PieceIndex, number>();
  /** Who has said wrong hashes, by id, and how many. */
  readonly wrong = new Map<string, { readonly sayer: Sayer; readonly count: number }>();

  /** `trustsSource`: the whole is checked at the end. Else all must take the word of one node. */
  constructor(pieceCount: number, trustsSource = false) {
    this.#trustsSource = trustsSource;
    this.#own = new Uint8Array(pieceCount);
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

  /** This node fetched it from the source, in this run or an earlier one, so nobody else had a say. */
  isOwn(piece: PieceIndex): boolean {
    return this.#own[piece] === 1;
  }

  /** Who said its hash; null if this node made it, or if it is not known. */
  sayerOf(piece: PieceIndex): Sayer | null {
    if (this.isOwn(piece) || !this.isKnown(piece)) return null;
    return this.#sayers.get(piece) ?? EARLIER;
  }

  /** What the source sends for this piece says more than the hash that is known. */
  mayCorrect(piece: PieceIndex): boolean {
    return this.#trustsSource && !this.isOwn(piece);
  }

  /** This node has hashed what the source sent. False if another hash is known, and stays. */
  make(piece: PieceIndex, hash: Uint8Array): boolean {
    const isSame = this.learn(piece, hash);
    if (!isSame && !this.mayCorrect(piece)) return false;
    const sayer = this.sayerOf(piece);
    this.#own[piece] = 1;
    this.#sayers.delete(piece);
    this.#disputed.delete(piece);
    if (!isSame) this.bytes.set(hash, piece * PIECE_HASH_BYTES);
    if (!isSame && sayer !== null) this.accuse(sayer);
    for (const tell of this.#makers) tell(piece);
    return true;
  }

  /** `sayer`: null if it was an earlier run. False if another hash is known, which stays. */
  learn(piece: PieceIndex, hash: Uint8Array, sayer: Sayer | null = null): boolean {
    const known = this.of(piece);
    if (known !== null) return Buffer.compare(known, hash) === 0;
    this.bytes.set(hash, piece * PIECE_HASH_BYTES);
    if (sayer !== null) this.#sayers.set(piece, sayer);
    for (const tell of this.#listeners) tell(piece);
    return true;
  }

  get disputed(): readonly PieceIndex[] {
    return [...this.#disputed.keys()];
  }

  /** Somebody says another hash than the one that is known. The source says who is wrong, once it is asked. */
  dispute(piece: PieceIndex, hash: Uint8Array, sayer: Sayer): void {
    if (this.isOwn(piece)) this.accuse(sayer);
    else this.#disputed.set(piece, { hash: hash.slice(), sayer });
  }

  /** A piece does not have the hash that is known. If another one was said as well, that one counts from now on. False if none was, or if both had their turns. */
  turn(piece: PieceIndex): boolean {
    const other = this.#disputed.get(piece);
    const [hash, sayer] = [this.of(piece), this.sayerOf(piece)];
    const turns = this.#turns.get(piece) ?? 0;
    if (other === undefined || hash === null || sayer === null || turns === MOST_TURNS) return false;
    this.#turns.set(piece, turns + 1);
    this.bytes.set(other.hash, piece * PIECE_HASH_BYTES);
    this.#sayers.set(piece, other.sayer);
    this.#disputed.set(piece, { hash, sayer });
    return true;
  }

  /** It said a wrong hash. */
  accuse(sayer: Sayer): void {
    this.wrong.set(sayer.id, { sayer, count: (this.wrong.get(sayer.id)?.count ?? 0) + 1 });
    for (const tell of this.#accusers) tell(sayer);
  }

  /** An earlier run made this one. */
  remember(piece: PieceIndex, hash: Uint8Array): void {
    if (this.learn(piece, hash)) this.#own[piece] = 1;
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

  /** Calls `tell` for each wrong hash that somebody said. The returned function ends that. */
  onWrong(tell: (sayer: Sayer) => void): () => void {
    this.#accusers.add(tell);
    return () => this.#accusers.delete(tell);
  }
}
