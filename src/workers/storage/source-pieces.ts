/**
 * Takes pieces from files that are not of the download (`--reuse`): each is read, hashed as a downloaded one is, and only then
 * written from the same memory.
 */
import { createHash } from 'node:crypto';
import { type Geometry, lengthOfPiece, offsetOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { BLOCK_BYTES, CHECK_READ_BYTES } from '../../shared/limits.ts';
import { leavesOf, rootOver, treeWidth } from '../../shared/merkle.ts';
import type { PieceHashes } from '../../shared/piece-hashes.ts';
import type {
  DiskFault,
  EdgeHash,
  KnownChunk,
  SoughtPiece,
  SourcePart,
  SourceStretch,
  StorageResult,
  WithheldPiece,
} from '../../shared/storage-messages.ts';
import { DiskError, type FileSpans } from './file-spans.ts';
import { PieceHasher } from './piece-hasher.ts';
import type { PieceProof, PieceVerdict } from './piece-proof.ts';
import { SourceFiles } from './source-files.ts';
import type { ThreadFiles } from './thread-files.ts';

export class SourcePieces {
  readonly #geometry: Geometry;
  readonly #hashes: PieceHashes;
  readonly #hasher: PieceHasher;
  readonly #proof: PieceProof;
  readonly #spans: FileSpans;
  readonly #thread: ThreadFiles;
  readonly #files: SourceFiles;
  /** Memory for one piece, while pieces are taken. */
  #buffer: Buffer | null = null;

  constructor(
    geometry: Geometry,
    hashes: PieceHashes,
    proof: PieceProof,
    spans: FileSpans,
    thread: ThreadFiles,
  ) {
    this.#geometry = geometry;
    this.#hashes = hashes;
    this.#hasher = new PieceHasher(hashes);
    this.#proof = proof;
    this.#spans = spans;
    this.#thread = thread;
    this.#files = new SourceFiles(thread);
  }

  /** Gives its memory back. */
  rest(): void {
    this.#buffer = null;
  }

  take(pieces: readonly SoughtPiece[], keep: boolean): StorageResult {
    const found: { piece: PieceIndex; paths: readonly string[] }[] = [];
    const missed: PieceIndex[] = [];
    const withheld: WithheldPiece[] = [];
    const edges: EdgeHash[] = [];
    let isSplit = false;
    const taken = (fault: DiskFault | null): StorageResult => {
      const { writeBytes } = this.#spans;
      return { type: 'taken', found, missed, isSplit, withheld, edges, writeBytes, fault };
    };
    try {
      for (const { piece, ways } of pieces) {
        const bytes = this.#memory.subarray(0, lengthOfPiece(this.#geometry, piece));
        const way = ways.find((parts) => {
          const verdict = this.#fill(piece, parts, bytes);
          isSplit ||= verdict === 'split';
          return verdict === 'good';
        });
        if (way === undefined) {
          missed.push(piece);
          continue;
        }
        if (keep) {
          const offset = offsetOfPiece(this.#geometry, piece);
          const files = this.#spans.write(offset, bytes);
          if (files.length > 0) withheld.push({ piece, files });
          edges.push(...this.#spans.edges(offset, bytes));
        }
        found.push({ piece, paths: [...new Set(way.map(({ path }) => path))] });
      }
      return taken(null);
    } catch (error) {
      if (error instanceof DiskError) return taken(error.fault);
      throw error;
    } finally {
      this.#files.close();
    }
  }

  digest(stretches: readonly SourceStretch[], isPadded: boolean): StorageResult {
    const chunks: KnownChunk[] = [];
    try {
      for (const { path, at, length } of stretches)
        for (let done = 0; done < length; done += this.#geometry.pieceLength) {
          const size = Math.min(this.#geometry.pieceLength, length - done);
          for (const digest of this.#digestsOf(path, at + done, size, isPadded))
            chunks.push({ path, at: at + done, length: size, digest });
        }
      const bytes = stretches.reduce((sum, { length }) => sum + length, 0);
      return { type: 'source-digested', chunks, bytes, fault: null };
    } finally {
      this.#files.close();
    }
  }

  get #memory(): Buffer {
    const { pieceLength, totalLength } = this.#geometry;
    this.#buffer ??= Buffer.allocUnsafeSlow(Math.min(pieceLength, totalLength));
    return this.#buffer;
  }

  /** Reads and hashes in parts that fit the cache. `bytes` are padding where no part is. */
  #fill(piece: PieceIndex, parts: readonly SourcePart[], bytes: Buffer): PieceVerdict {
    this.#hasher.begin(piece);
    let next = 0;
    for (let from = 0; from < bytes.length; from += CHECK_READ_BYTES) {
      const chunk = bytes.subarray(from, Math.min(bytes.length, from + CHECK_READ_BYTES)).fill(0);
      for (; next < parts.length; next++) {
        const part = parts[next] as SourcePart;
        const start = Math.max(part.from, from);
        const end = Math.min(part.from + part.length, from + chunk.length);
        if (start < end) {
          const into = bytes.subarray(start, end);
          if (!this.#files.read(part.path, part.at + start - part.from, into)) return 'bad';
        }
        if (part.from + part.length > from + chunk.length) break;
      }
      this.#hasher.add(chunk);
    }
    return this.#proof.judge(piece, this.#hasher.end());
  }

  /** Every hash by which the torrent may know these bytes; none if they cannot be read. */
  #digestsOf(path: string, at: number, length: number, isPadded: boolean): string[] {
    const { pieceLength } = this.#geometry;
    const { sha1, trees } = this.#hashes;
    const hash = sha1 === null ? null : createHash('sha1');
    const leaves: Buffer[] = [];
    const buffer = this.#thread.readBuffer;
    for (let done = 0; done < length; done += buffer.length) {
      const part = buffer.subarray(0, Math.min(buffer.length, length - done));
      if (!this.#files.read(path, at + done, part)) return [];
      hash?.update(part);
      if (trees !== null) leaves.push(leavesOf(part));
    }
    const digests: Buffer[] = [];
    if (trees !== null) {
      // A piece of a longer file, or a file of one piece: its tree may be lower.
      const blocks = Math.ceil(length / BLOCK_BYTES);
      for (const width of new Set([pieceLength / BLOCK_BYTES, treeWidth(blocks)]))
        digests.push(rootOver(Buffer.concat(leaves), 0, width));
    }
    if (hash !== null && isPadded && length < pieceLength)
      digests.push(
        hash
          .copy()
          .update(Buffer.alloc(pieceLength - length))
          .digest(),
      );
    if (hash !== null) digests.push(hash.digest());
    return digests.map((digest) => digest.toString('latin1'));
  }
}
