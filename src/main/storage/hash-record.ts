/**
 * The hashes of a plain file's pieces, in the state folder of the user: so the next run knows what the pieces are that this one has
 * verified. They are no secret, and nobody else may change them.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { type FileSystem, writeFirst } from '../../shared/file-system.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { PIECE_HASH_BYTES } from '../../shared/piece-hashes.ts';
import { userFolder } from '../files/user-folders.ts';
import type { LearnedHashes } from '../torrent/learned-hashes.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

export class HashRecord {
  readonly #hashes: LearnedHashes;
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #path: string;

  private constructor(metainfo: Metainfo, hashes: LearnedHashes, files: FileSystem) {
    this.#hashes = hashes;
    this.#files = files;
    this.#folder = join(userFolder('state'), 'hashes');
    this.#path = join(this.#folder, Buffer.from(metainfo.infoHash).toString('hex'));
    this.#learn(metainfo.geometry.pieceCount);
  }

  /** Learns what an earlier run has learned. Null: the torrent says all hashes. */
  static of(metainfo: Metainfo, files: FileSystem): HashRecord | null {
    const { plainFile } = metainfo;
    return plainFile === null ? null : new HashRecord(metainfo, plainFile.hashes, files);
  }

  /** Without permission to write it, the next run fetches all again. Never throws. */
  save(): void {
    try {
      this.#files.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const fresh = diskPath(`${this.#path}.${randomBytes(8).toString('hex')}`);
      const descriptor = this.#files.open(fresh, NEW, 0o600);
      try {
        writeFirst(this.#files, descriptor, Buffer.from(this.#hashes.bytes));
      } finally {
        this.#files.close(descriptor);
      }
      this.#files.rename(fresh, diskPath(this.#path));
    } catch {}
  }

  /** What it says was wrong. Never throws. */
  forget(): void {
    try {
      this.#files.unlink(diskPath(this.#path));
    } catch {}
  }

  #learn(pieceCount: number): void {
    try {
      const descriptor = this.#files.open(diskPath(this.#path), constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const stats = this.#files.fstat(descriptor);
        if (!stats.isFile() || Number(stats.size) !== pieceCount * PIECE_HASH_BYTES) return;
        const bytes = this.#files.readWhole(descriptor);
        for (let piece = 0; piece < pieceCount; piece++) {
          const hash = bytes.subarray(piece * PIECE_HASH_BYTES, (piece + 1) * PIECE_HASH_BYTES);
          if (hash.some((byte) => byte !== 0)) this.#hashes.learn(piece as PieceIndex, hash);
        }
      } finally {
        this.#files.close(descriptor);
      }
    } catch {}
  }
}
