/**
 * The hashes of a plain file's pieces, in the state folder of the user: so the next run knows what the pieces are that this one has
 * verified. They are no secret, and nobody else may change them.
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

  save(): void {
    this.#file.write(Buffer.from(this.#hashes.bytes));
  }

  /** The end of a run. `isWrong`: the hashes are not those of the file that was wanted. Never rejects. */
  async close(isWrong: boolean): Promise<void> {
    if (isWrong) this.#file.remove();
    else this.save();
    await this.#file.close(true);
  }

  #learn(): void {
    const { bytes, count } = this.#hashes;
    const kept = this.#file.read(bytes.length);
    if (kept?.length !== bytes.length) return;
    for (let piece = 0; piece < count; piece++)
      if (isHashKnown(kept, piece))
        this.#hashes.learn(
          piece as PieceIndex,
          kept.subarray(piece * PIECE_HASH_BYTES, (piece + 1) * PIECE_HASH_BYTES),
        );
  }
}
