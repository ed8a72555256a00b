/**
 * A torrent on a storage thread: computes SHA-1 of full slots and writes the good pieces, or hashes what is already on disk.
 * Everything is synchronous, because the thread has nothing else to do.
 */
import { createHash, hash } from 'node:crypto';
import { Arena } from '../../shared/arena.ts';
import { type Geometry, offsetOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, TorrentId } from '../../shared/indices.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';
import type {
  DiskFault,
  Evidence,
  FileRange,
  PieceToStore,
  StorageResult,
  StorageTask,
  StoredTorrentSetup,
} from '../../shared/storage-messages.ts';
import { DiskError, FileSpans } from './file-spans.ts';
import { PieceHash } from './piece-hash.ts';
import type { ThreadFiles } from './thread-files.ts';

const HASH_BYTES = 20;

export class TorrentStorage {
  readonly #geometry: Geometry;
  readonly #arena: Arena | null;
  readonly #hashes: Uint8Array;
  readonly #spans: FileSpans;
  readonly #thread: ThreadFiles;

  constructor(torrent: TorrentId, setup: StoredTorrentSetup, thread: ThreadFiles) {
    this.#geometry = setup.geometry;
    this.#arena = setup.arena === null ? null : new Arena(setup.arena);
    this.#hashes = new Uint8Array(setup.hashes);
    this.#spans = new FileSpans(torrent, setup, thread);
    this.#thread = thread;
  }

  run(task: StorageTask): StorageResult {
    switch (task.type) {
      case 'store':
        return this.#store(task.pieces);
      case 'check':
        return this.#check(task.first, task.count);
      case 'digest':
        return this.#digest(task.first, task.count);
      case 'blank':
        return this.#lookForBytes(task.ranges);
    }
  }

  /** Closes its files. */
  close(): void {
    this.#spans.close();
  }

  #store(pieces: readonly PieceToStore[]): StorageResult {
    const arena = this.#arena;
    if (arena === null) throw new Error('this torrent was registered without an arena');
    const good: FullPiece[] = [];
    const bad: FullPiece[] = [];
    const evidence: Evidence[] = [];
    const withheld: { piece: PieceIndex; files: readonly number[] }[] = [];
    const stored = (fault: DiskFault | null): StorageResult => {
      const { writeBytes } = this.#spans;
      return { type: 'stored', good, bad, evidence, withheld, writeBytes, fault };
    };
    for (const full of pieces) {
      const bytes = arena.pieceBytes(full.slot);
      const isGood = this.#isHashOf(full.piece, hash('sha1', bytes, 'buffer'));
      if (!isGood || full.suspect)
        evidence.push({ piece: full.piece, good: isGood, blockHashes: blockHashes(bytes) });
      if (!isGood) {
        bad.push(full);
        continue;
      }
      try {
        const files = this.#spans.write(offsetOfPiece(this.#geometry, full.piece), bytes);
        if (files.length > 0) withheld.push({ piece: full.piece, files });
      } catch (error) {
        if (error instanceof DiskError) return stored(error.fault);
        throw error;
      }
      good.push(full);
    }
    return stored(null);
  }

  #check(first: PieceIndex, count: number): StorageResult {
    const good: PieceIndex[] = [];
    const bad: PieceIndex[] = [];
    const missing: PieceIndex[] = [];
    const pieceHash = this.#pieceHash();
    for (let i = 0; i < count; i++) {
      const piece = (first + i) as PieceIndex;
      try {
        const hash = pieceHash.of(piece);
        if (hash === null) missing.push(piece);
        else (this.#isHashOf(piece, hash) ? good : bad).push(piece);
      } catch (error) {
        if (error instanceof DiskError) return { type: 'checked', good, bad, missing, fault: error.fault };
        throw error;
      }
    }
    return { type: 'checked', good, bad, missing, fault: null };
  }

  #digest(first: PieceIndex, count: number): StorageResult {
    const hashes = new Uint8Array(count * HASH_BYTES);
    const pieceHash = this.#pieceHash();
    const digested = (fault: DiskFault | null): StorageResult => ({ type: 'digested', first, hashes, fault });
    for (let i = 0; i < count; i++) {
      const piece = (first + i) as PieceIndex;
      try {
        const hash = pieceHash.of(piece);
        if (hash === null) return digested({ code: 'CHANGED', path: `piece ${piece}`, operation: 'read' });
        hashes.set(hash, i * HASH_BYTES);
      } catch (error) {
        if (error instanceof DiskError) return digested(error.fault);
        throw error;
      }
    }
    return digested(null);
  }

  #lookForBytes(ranges: readonly FileRange[]): StorageResult {
    const blank: number[] = [];
    try {
      for (const { file, from, to } of ranges) if (this.#spans.isBlank(file, from, to)) blank.push(file);
      return { type: 'looked', blank, fault: null };
    } catch (error) {
      if (error instanceof DiskError) return { type: 'looked', blank, fault: error.fault };
      throw error;
    }
  }

  #pieceHash(): PieceHash {
    return new PieceHash(this.#spans, this.#geometry, this.#thread.readBuffer);
  }

  #isHashOf(piece: PieceIndex, digest: Buffer): boolean {
    return digest.compare(this.#hashes, piece * HASH_BYTES, (piece + 1) * HASH_BYTES) === 0;
  }
}

function blockHashes(bytes: Uint8Array): Uint8Array {
  const hashed = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * HASH_BYTES);
  for (let block = 0; block * BLOCK_BYTES < bytes.length; block++) {
    const part = bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    hashed.set(createHash('sha1').update(part).digest(), block * HASH_BYTES);
  }
  return hashed;
}
