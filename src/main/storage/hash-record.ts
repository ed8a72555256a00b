/**
 * The hashes of a plain file's pieces, in the state folder of the user: so the next run knows what the pieces are that this one has
 * verified. They are no secret, and nobody else may change them. Behind the hashes there is one byte per piece: 1 if this node fetched it
 * from the source itself.
 */
import type { FileSystem } from '../../shared/file-system.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { isHashKnown, PIECE_HASH_BYTES } from '../../shared/piece-hashes.ts';
import type { LearnedHashes } from '../torrent/learned-hashes.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { StateFile } from './state-file.ts';

export class HashRecord {
  readonly #hashes: LearnedHashes;
  readonly #file: StateFile;

  private constructor(infoHash: Uint8Array, hashes: LearnedHashes, files: FileSystem) {
    this.#hashes = hashes;
    this.#file = new StateFile('hashes', infoHash, 'sha1', files);
    this.#learn();
  }

  /** Learns what an earlier run has learned. Null: the torrent says all hashes. */
  static of({ infoHash, plainFile }: Metainfo, files: FileSystem): HashRecord | null {
    return plainFile === null ? null : new HashRecord(infoHash, plainFile.hashes, files);
  }

  save(): Promise<void> {
    return this.#write(() => true);
  }

  /** What this node made itself: the word of others counts no more. */
  saveOwn(): Promise<void> {
    return this.#write((piece) => this.#hashes.isOwn(piece));
  }

  /** The end of a run. `kept`: what the next run may know of it. Never rejects. */
  async close(kept: 'all' | 'own' | 'nothing'): Promise<void> {
    if (kept === 'all') await this.save();
    else if (kept === 'own') await this.saveOwn();
    else await this.#file.remove();
    await this.#file.close(true);
  }

  #write(isKept: (piece: PieceIndex) => boolean): Promise<void> {
    const { bytes, count } = this.#hashes;
    const record = Buffer.alloc(bytes.length + count);
    for (let piece = 0; piece < count; piece++) {
      if (!isKept(piece as PieceIndex)) continue;
      const at = piece * PIECE_HASH_BYTES;
      record.set(bytes.subarray(at, at + PIECE_HASH_BYTES), at);
      record[bytes.length + piece] = this.#hashes.isOwn(piece as PieceIndex) ? 1 : 0;
    }
    return this.#file.write(record);
  }

  #learn(): void {
    const { bytes, count } = this.#hashes;
    const kept = this.#file.read(bytes.length + count);
    if (kept?.length !== bytes.length + count) return;
    for (let piece = 0; piece < count; piece++) {
      if (!isHashKnown(kept, piece)) continue;
      const hash = kept.subarray(piece * PIECE_HASH_BYTES, (piece + 1) * PIECE_HASH_BYTES);
      if (kept[bytes.length + piece] === 1) this.#hashes.remember(piece as PieceIndex, hash);
      else this.#hashes.learn(piece as PieceIndex, hash);
    }
  }
}
