/**
 * Full pieces of a plain file whose hash is not known. A piece that came from the server alone is hashed and written: its hash is made.
 * One that came from a node waits until somebody says its hash, and is thrown away if nobody does.
 */
import { Arena } from '../../shared/arena.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { PIECE_HASH_WAIT_MS } from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import type { FullPiece } from '../../shared/messages.ts';
import { senderOf } from '../../shared/sender.ts';
import type { ArenaMemory } from '../../shared/slot-blocks.ts';
import type { PieceToStore, StorageResult } from '../../shared/storage-messages.ts';
import type { LearnedHashes } from '../torrent/learned-hashes.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

type Stored = Extract<StorageResult, { type: 'stored' }>;

interface UnhashedHost {
  readonly later: Later;
  store(pieces: readonly PieceToStore[]): void;
  /** It is fetched again. */
  giveUp(piece: FullPiece): void;
}

export class UnhashedPieces {
  readonly #hashes: LearnedHashes;
  readonly #arena: Arena;
  readonly #host: UnhashedHost;
  readonly #waiting = new Map<PieceIndex, { readonly full: PieceToStore; readonly cancel: () => void }>();
  readonly #unsubscribe: () => void;

  private constructor(hashes: LearnedHashes, arena: Arena, host: UnhashedHost) {
    this.#hashes = hashes;
    this.#arena = arena;
    this.#host = host;
    this.#unsubscribe = hashes.onLearned((piece) => this.#learned(piece));
  }

  /** Null: all hashes are known. */
  static of({ plainFile }: Metainfo, arena: ArenaMemory, host: UnhashedHost): UnhashedPieces | null {
    return plainFile === null ? null : new UnhashedPieces(plainFile.hashes, new Arena(arena), host);
  }

  store(pieces: readonly PieceToStore[]): void {
    const ready: PieceToStore[] = [];
    const asked: PieceIndex[] = [];
    for (const full of pieces) {
      const isKnown = this.#hashes.isKnown(full.piece);
      const mayMake = !isKnown || this.#hashes.mayCorrect(full.piece);
      if (mayMake && this.#isOfServer(full)) ready.push({ ...full, makesHash: true });
      else if (isKnown) ready.push(full);
      else {
        asked.push(full.piece);
        const cancel = this.#host.later(PIECE_HASH_WAIT_MS, () => this.#giveUp(full));
        this.#waiting.set(full.piece, { full, cancel });
      }
    }
    if (ready.length > 0) this.#host.store(ready);
    if (asked.length > 0) this.#hashes.want(asked);
  }

  /**
   * Learns the hashes that were made. A piece whose hash was learned meanwhile, and is another one, is bad. One that has not the hash that
   * is known, where another one was said as well, is nobody's fault yet.
   */
  judged(result: Stored): Stored {
    const wrong = new Set(
      (result.made ?? [])
        .filter(({ piece, hash }) => !this.#hashes.make(piece, hash))
        .map(({ piece }) => piece),
    );
    const disputed = new Set(result.bad.filter(({ piece }) => this.#hashes.turn(piece)));
    for (const full of disputed) this.#host.giveUp(full);
    if (wrong.size + disputed.size === 0) return result;
    const good = result.good.filter(({ piece }) => !wrong.has(piece));
    const bad = [
      ...result.bad.filter((full) => !disputed.has(full)),
      ...result.good.filter(({ piece }) => wrong.has(piece)),
    ];
    return { ...result, good, bad };
  }

  stop(): void {
    this.#unsubscribe();
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #learned(piece: PieceIndex): void {
    const waits = this.#waiting.get(piece);
    if (waits === undefined) return;
    this.#waiting.delete(piece);
    waits.cancel();
    this.#host.store([waits.full]);
  }

  #giveUp(full: PieceToStore): void {
    this.#waiting.delete(full.piece);
    this.#host.giveUp(full);
  }

  #isOfServer({ slot }: PieceToStore): boolean {
    return this.#arena.senders(slot).every((sender) => sender !== null && 'webSeed' in senderOf(sender));
  }
}
