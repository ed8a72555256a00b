/**
 * One of several threads that pull at one ledger and one arena as shards do, in random ways, and check at each step that
 * nobody else is in what they own. Ends when the shared count of operations is used up or everything is verified.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Arena, type ArenaMemory } from '../../src/shared/arena.ts';
import { blocksOfPiece } from '../../src/shared/geometry.ts';
import { type PieceIndex, type ShardId, type SlotIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger, type LedgerMemory } from '../../src/shared/ledger.ts';
import { dice } from './dice.ts';

export interface StressSetup {
  readonly ledger: LedgerMemory;
  readonly arena: ArenaMemory;
  readonly operations: SharedArrayBuffer;
  readonly shard: number;
}

const { ledger: ledgerMemory, arena: arenaMemory, operations, shard: id } = workerData as StressSetup;
const ledger = new Ledger(ledgerMemory);
const arena = new Arena(arenaMemory);
const left = new Int32Array(operations);
const shard: ShardId = shardId(id);
const roll = dice(id * 7_919);
const faults: string[] = [];
let fills = 0;
let releases = 0;
let lostRaces = 0;

function write(slot: SlotIndex, block: number): void {
  if (!arena.take(slot, block)) faults.push(`block ${block} of our slot ${slot} was taken`);
  if (roll(8) === 0) {
    arena.untake(slot, block);
    if (!arena.take(slot, block)) faults.push('a block that was given up was not free');
  }
  arena.bytes[arena.offsetOf(slot, block)] = id;
}

function fetchPiece(piece: PieceIndex): void {
  if (!ledger.claim(piece, shard)) {
    lostRaces += 1;
    return;
  }
  const slot = arena.claim(piece, shard);
  if (slot === null) {
    if (!ledger.release(piece, shard)) faults.push(`piece ${piece} was not ours to release`);
    return;
  }
  const blocks = blocksOfPiece(arena.geometry, piece);
  let full = false;
  for (let i = 0; i < blocks; i++) {
    const block = (i * 3 + id) % blocks;
    write(slot, block);
    full = arena.receive(slot, block);
    if (full !== (i === blocks - 1)) faults.push(`block ${i + 1} of ${blocks} said full=${full}`);
    Atomics.sub(left, 0, 2);
    if (roll(60) === 0) {
      arena.free(slot);
      if (!ledger.release(piece, shard)) faults.push(`piece ${piece} was not ours to release`);
      releases += 1;
      return;
    }
  }
  for (let block = 0; block < blocks; block++) {
    if (arena.bytes[arena.offsetOf(slot, block)] !== id) faults.push(`somebody wrote into our slot ${slot}`);
  }
  if (!ledger.fill(piece, shard)) faults.push(`piece ${piece} was not ours to fill`);
  fills += 1;
}

while (Atomics.load(left, 0) > 0 && !ledger.complete) {
  Atomics.sub(left, 0, 1);
  fetchPiece(roll(ledger.pieceCount) as PieceIndex);
}
parentPort?.postMessage({ faults: faults.slice(0, 10), fills, releases, lostRaces });
