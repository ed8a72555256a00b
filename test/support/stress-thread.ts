/**
 * One of several threads that use one ledger and one arena as shards do, in random ways, and check at each step that no other
 * thread is in what they own. Ends when the shared count of operations is used up or everything is verified.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Arena } from '../../src/shared/arena.ts';
import { blocksOfPiece } from '../../src/shared/geometry.ts';
import {
  type PeerIndex,
  type PieceIndex,
  type ShardId,
  type SlotIndex,
  shardId,
} from '../../src/shared/indices.ts';
import { Ledger, type LedgerMemory } from '../../src/shared/ledger.ts';
import { peerAsSender } from '../../src/shared/sender.ts';
import type { ArenaMemory } from '../../src/shared/slot-blocks.ts';
import { dice } from './dice.ts';

export interface StressSetup {
  readonly ledger: LedgerMemory;
  readonly arena: ArenaMemory;
  /** Remaining operations, and the number of ready threads. */
  readonly operations: SharedArrayBuffer;
  readonly threads: number;
  readonly shard: number;
}

const {
  ledger: ledgerMemory,
  arena: arenaMemory,
  operations,
  shard: id,
  threads,
} = workerData as StressSetup;
const ledger = new Ledger(ledgerMemory);
const arena = new Arena(arenaMemory);
const left = new Int32Array(operations);
const shard: ShardId = shardId(id);
const roll = dice(id * 7_919);
const sender = peerAsSender(id as PeerIndex);
const faults: string[] = [];
let fills = 0;
let releases = 0;
let lostRaces = 0;
let joins = 0;
let adopted = 0;
let evictions = 0;
const BYTES_OF_MARK = 4;

/** The content of a complete block: the number of its piece, in its first bytes. */
function write(slot: SlotIndex, block: number, piece: number): void {
  if (roll(8) === 0) {
    arena.untake(slot, block);
    if (!arena.take(slot, block)) return;
  }
  const at = arena.offsetOf(slot, block);
  for (let i = 0; i < BYTES_OF_MARK; i++) arena.bytes[at + i] = (piece >>> (8 * i)) & 0xff;
  if (arena.receive(slot, block, sender)) {
    if (!ledger.fill(piece as PieceIndex, arena.ownerOf(slot) as ShardId))
      faults.push(`piece ${piece} was not there to fill`);
    fills += 1;
  }
}

function freshSlot(piece: PieceIndex): SlotIndex | null {
  const slot = arena.claim(piece, shard);
  if (slot !== null) return slot;
  const lost = arena.evict();
  if (lost !== null) evictions += 1;
  return lost === null ? null : arena.claim(piece, shard);
}

function fetchPiece(piece: PieceIndex): void {
  if (!ledger.claim(piece, shard)) {
    lostRaces += 1;
    return;
  }
  const slot = arena.adopt(piece, shard) ?? freshSlot(piece);
  if (slot === null) {
    if (!ledger.release(piece, shard)) faults.push(`piece ${piece} was not ours to release`);
    return;
  }
  const blocks = blocksOfPiece(arena.geometry, piece);
  if (arena.receivedCount(slot) > 0) adopted += 1;
  while (arena.receivedCount(slot) < blocks) {
    for (let block = 0; block < blocks; block++) {
      if (roll(200) === 0 && arena.receivedCount(slot) < blocks && arena.park(slot, true)) {
        if (!ledger.release(piece, shard)) faults.push(`piece ${piece} was not ours to release`);
        releases += 1;
        return;
      }
      if (arena.take(slot, block)) write(slot, block, piece);
    }
    Atomics.sub(left, 0, blocks);
  }
  arena.leave(slot, shard);
}

/** Helps another thread with its piece. */
function joinSomebody(): void {
  const slot = roll(arena.slotCount) as SlotIndex;
  const piece = arena.pieceOf(slot);
  if (arena.ownerOf(slot) === shard || !arena.join(slot, piece, shard)) return;
  joins += 1;
  if (arena.pieceOf(slot) !== piece) faults.push(`slot ${slot} changed its piece under a guest`);
  const block = roll(blocksOfPiece(arena.geometry, piece));
  if (arena.take(slot, block)) write(slot, block, piece);
  Atomics.sub(left, 0, 1);
  arena.leave(slot, shard);
}

// All begin together, even if the last thread is late.
Atomics.add(left, 1, 1);
Atomics.notify(left, 1);
for (let ready = Atomics.load(left, 1); ready < threads; ready = Atomics.load(left, 1))
  Atomics.wait(left, 1, ready);

while (Atomics.load(left, 0) > 0 && !ledger.complete) {
  Atomics.sub(left, 0, 1);
  joinSomebody();
  fetchPiece(roll(ledger.pieceCount) as PieceIndex);
}
parentPort?.postMessage({
  faults: faults.slice(0, 10),
  fills,
  releases,
  lostRaces,
  joins,
  adopted,
  evictions,
});
