/**
 * The task of a hash thread: SHA-1 of slots that are full, and the write of those whose hash is right; or, before a
 * download, the hash of what is on disk already. Everything is synchronous: the thread has nothing else to do.
 */
import { createHash } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { Arena } from '../../shared/arena.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';
import type {
  DiskFault,
  Evidence,
  FileRange,
  HasherSetup,
  HashResult,
  HashTask,
  PieceToStore,
} from '../../shared/storage-messages.ts';
import { DiskError, FileSpans } from './file-spans.ts';
import { PieceHash } from './piece-hash.ts';

const HASH_BYTES = 20;

const setup = workerData as HasherSetup;
const arena = setup.arena === null ? null : new Arena(setup.arena);
const hashes = new Uint8Array(setup.hashes);
const spans = new FileSpans(setup);

export default function hasher(task: HashTask): HashResult {
  switch (task.type) {
    case 'store':
      return store(task.pieces);
    case 'check':
      return check(task.first, task.count);
    case 'digest':
      return digest(task.first, task.count);
    case 'blank':
      return lookForBytes(task.ranges);
  }
}

function store(pieces: readonly PieceToStore[]): HashResult {
  if (arena === null) throw new Error('this hasher was started without an arena');
  const good: FullPiece[] = [];
  const bad: FullPiece[] = [];
  const evidence: Evidence[] = [];
  const withheld: { piece: PieceIndex; files: readonly number[] }[] = [];
  const told = (fault: DiskFault | null): HashResult => {
    return { type: 'stored', good, bad, evidence, withheld, writeBytes: spans.writeBytes, fault };
  };
  for (const full of pieces) {
    const bytes = arena.pieceBytes(full.slot);
    const isGood = matches(full.piece, bytes);
    if (!isGood || full.suspect)
      evidence.push({ piece: full.piece, good: isGood, blockHashes: blockHashes(bytes) });
    if (!isGood) {
      bad.push(full);
      continue;
    }
    try {
      const files = spans.write(full.piece * setup.geometry.pieceLength, bytes);
      if (files.length > 0) withheld.push({ piece: full.piece, files });
    } catch (error) {
      if (error instanceof DiskError) return told(error.fault);
      throw error;
    }
    good.push(full);
  }
  return told(null);
}

function blockHashes(bytes: Uint8Array): Uint8Array {
  const hashed = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * HASH_BYTES);
  for (let block = 0; block * BLOCK_BYTES < bytes.length; block++) {
    const part = bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    hashed.set(createHash('sha1').update(part).digest(), block * HASH_BYTES);
  }
  return hashed;
}

function check(first: PieceIndex, count: number): HashResult {
  const good: PieceIndex[] = [];
  const bad: PieceIndex[] = [];
  const missing: PieceIndex[] = [];
  const pieceHash = new PieceHash(spans, setup.geometry);
  for (let i = 0; i < count; i++) {
    const piece = (first + i) as PieceIndex;
    try {
      const hash = pieceHash.of(piece);
      if (hash === null) missing.push(piece);
      else (isHashOf(piece, hash) ? good : bad).push(piece);
    } catch (error) {
      if (error instanceof DiskError) return { type: 'checked', good, bad, missing, fault: error.fault };
      throw error;
    }
  }
  return { type: 'checked', good, bad, missing, fault: null };
}

function digest(first: PieceIndex, count: number): HashResult {
  const hashes = new Uint8Array(count * HASH_BYTES);
  const pieceHash = new PieceHash(spans, setup.geometry);
  const told = (fault: DiskFault | null): HashResult => ({ type: 'digested', first, hashes, fault });
  for (let i = 0; i < count; i++) {
    const piece = (first + i) as PieceIndex;
    try {
      const hash = pieceHash.of(piece);
      if (hash === null) return told({ code: 'CHANGED', path: `piece ${piece}`, operation: 'read' });
      hashes.set(hash, i * HASH_BYTES);
    } catch (error) {
      if (error instanceof DiskError) return told(error.fault);
      throw error;
    }
  }
  return told(null);
}

function lookForBytes(ranges: readonly FileRange[]): HashResult {
  const blank: number[] = [];
  try {
    for (const { file, from, to } of ranges) if (spans.isBlank(file, from, to)) blank.push(file);
    return { type: 'looked', blank, fault: null };
  } catch (error) {
    if (error instanceof DiskError) return { type: 'looked', blank, fault: error.fault };
    throw error;
  }
}

function matches(piece: PieceIndex, bytes: Uint8Array): boolean {
  return isHashOf(piece, createHash('sha1').update(bytes).digest());
}

function isHashOf(piece: PieceIndex, digest: Buffer): boolean {
  return digest.compare(hashes, piece * HASH_BYTES, (piece + 1) * HASH_BYTES) === 0;
}
