/**
 * A torrent on a storage thread: hashes full slots and writes the good pieces, or hashes what is already on disk.
 * Everything is synchronous, because the thread has nothing else to do.
 */
import { hash } from 'node:crypto';
import { Arena } from '../../shared/arena.ts';
import { type Geometry, offsetOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, TorrentId } from '../../shared/indices.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';
import { PIECE_HASH_BYTES, type PieceHashes } from '../../shared/piece-hashes.ts';
import type {
  DiskFault,
  EdgeHash,
  Evidence,
  LookedRange,
  MadeHash,
  PieceToStore,
  SeenRange,
  StorageResult,
  StorageTask,
  StoredTorrentSetup,
  WithheldPiece,
} from '../../shared/storage-messages.ts';
import { DiskError, FileSpans } from './file-spans.ts';
import { PieceHash } from './piece-hash.ts';
import type { PieceDigest } from './piece-hasher.ts';
import { PieceProof, type PieceVerdict } from './piece-proof.ts';
import { SourcePieces } from './source-pieces.ts';
import type { ThreadFiles } from './thread-files.ts';

export class TorrentStorage {
  readonly #geometry: Geometry;
  readonly #arena: Arena | null;
  readonly #proof: PieceProof;
  readonly #hashes: PieceHashes;
  readonly #spans: FileSpans;
  readonly #sources: SourcePieces;
  readonly #thread: ThreadFiles;

  constructor(torrent: TorrentId, setup: StoredTorrentSetup, thread: ThreadFiles) {
    this.#geometry = setup.geometry;
    this.#arena = setup.arena === null ? null : new Arena(setup.arena);
    this.#hashes = setup.hashes;
    this.#proof = new PieceProof(setup.hashes);
    this.#spans = new FileSpans(torrent, setup, thread);
    this.#sources = new SourcePieces(setup.geometry, setup.hashes, this.#proof, this.#spans, thread);
    this.#thread = thread;
  }

  run(task: StorageTask): StorageResult {
    if (task.type !== 'take') this.#sources.rest();
    switch (task.type) {
      case 'store':
        return this.#store(task.pieces);
      case 'check':
        return this.#check(task.first, task.count);
      case 'digest':
        return this.#digest(task.first, task.count);
      case 'look':
        return this.#look(task.ranges);
      case 'take':
        return this.#sources.take(task.pieces, task.keep);
      case 'digest-source':
        return this.#sources.digest(task.stretches, task.isPadded);
    }
  }

  /** Closes its files. Returns the fault of one that could not be written. */
  close(): DiskFault | null {
    return this.#spans.close();
  }

  #store(pieces: readonly PieceToStore[]): StorageResult {
    const arena = this.#arena;
    if (arena === null) throw new Error('this torrent was registered without an arena');
    const good: FullPiece[] = [];
    const bad: FullPiece[] = [];
    const evidence: Evidence[] = [];
    const withheld: WithheldPiece[] = [];
    const edges: EdgeHash[] = [];
    const made: MadeHash[] = [];
    let isSplit = false;
    const stored = (fault: DiskFault | null): StorageResult => {
      const { writeBytes } = this.#spans;
      return { type: 'stored', good, bad, made, isSplit, evidence, withheld, edges, writeBytes, fault };
    };
    for (const full of pieces) {
      const bytes = arena.pieceBytes(full.slot);
      const verdict = this.#verdict(full, bytes, made);
      const isGood = verdict === 'good';
      isSplit ||= verdict === 'split';
      if (!isGood || full.suspect)
        evidence.push({
          piece: full.piece,
          good: isGood,
          blockHashes: blockHashes(bytes),
          leaves: isGood ? null : this.#proof.leaves(full.piece, bytes),
        });
      if (!isGood) {
        bad.push(full);
        continue;
      }
      try {
        const offset = offsetOfPiece(this.#geometry, full.piece);
        const files = this.#spans.write(offset, bytes);
        if (files.length > 0) withheld.push({ piece: full.piece, files });
        edges.push(...this.#spans.edges(offset, bytes));
      } catch (error) {
        if (error instanceof DiskError) return stored(error.fault);
        throw error;
      }
      good.push(full);
    }
    return stored(null);
  }

  #verdict({ piece, makesHash }: PieceToStore, bytes: Uint8Array, made: MadeHash[]): PieceVerdict {
    const hash = makesHash === true ? this.#proof.made(bytes) : null;
    if (hash === null) return this.#proof.verdict(piece, bytes);
    made.push({ piece, hash });
    return 'good';
  }

  #check(first: PieceIndex, count: number): StorageResult {
    const good: PieceIndex[] = [];
    const bad: PieceIndex[] = [];
    const missing: PieceIndex[] = [];
    let isSplit = false;
    const checked = (fault: DiskFault | null): StorageResult => ({
      type: 'checked',
      good,
      bad,
      isSplit,
      missing,
      fault,
    });
    const pieceHash = this.#pieceHash();
    for (let i = 0; i < count; i++) {
      const piece = (first + i) as PieceIndex;
      try {
        const digest = pieceHash.of(piece);
        const verdict = digest === null ? null : this.#proof.judge(piece, digest);
        isSplit ||= verdict === 'split';
        if (verdict === null) missing.push(piece);
        else (verdict === 'good' ? good : bad).push(piece);
      } catch (error) {
        if (error instanceof DiskError) return checked(error.fault);
        throw error;
      }
    }
    return checked(null);
  }

  #digest(first: PieceIndex, count: number): StorageResult {
    const digests: PieceDigest[] = [];
    const digested = (fault: DiskFault | null): StorageResult => ({
      type: 'digested',
      first,
      count,
      hashes: joined(digests.map(({ sha1 }) => sha1)),
      roots: joined(digests.map(({ root }) => root)),
      fault,
    });
    const pieceHash = this.#pieceHash();
    for (let i = 0; i < count; i++) {
      const piece = (first + i) as PieceIndex;
      try {
        const digest = pieceHash.of(piece);
        if (digest === null) return digested({ code: 'CHANGED', path: `piece ${piece}`, operation: 'read' });
        digests.push(digest);
      } catch (error) {
        if (error instanceof DiskError) return digested(error.fault);
        throw error;
      }
    }
    return digested(null);
  }

  #look(ranges: readonly LookedRange[]): StorageResult {
    const seen: SeenRange[] = [];
    try {
      for (const range of ranges) {
        const { file, from, to } = range;
        seen.push({ file, from, to, state: this.#spans.look(range) });
      }
      return { type: 'looked', seen, fault: null };
    } catch (error) {
      if (error instanceof DiskError) return { type: 'looked', seen, fault: error.fault };
      throw error;
    }
  }

  #pieceHash(): PieceHash {
    return new PieceHash(this.#spans, this.#geometry, this.#hashes, this.#thread.readBuffer);
  }
}

function joined(digests: readonly (Buffer | null)[]): Uint8Array {
  return Buffer.concat(digests.filter((digest) => digest !== null));
}

function blockHashes(bytes: Uint8Array): Uint8Array {
  const hashed = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * PIECE_HASH_BYTES);
  for (let block = 0; block * BLOCK_BYTES < bytes.length; block++) {
    const part = bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    hashed.set(hash('sha1', part, 'buffer'), block * PIECE_HASH_BYTES);
  }
  return hashed;
}
