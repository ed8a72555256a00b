/** Cuts a scan into tasks: large enough to be worth their messages, and small enough not to block a thread for long. */
import { type Geometry, piecesIn } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { CHECK_TASK_BYTES, LOOK_TASK_RANGES } from '../../shared/limits.ts';
import type { LookedRange, StorageTask } from '../../shared/storage-messages.ts';

/** `pieces`: ascending; the whole torrent if it is left out. */
export function* pieceTasks(
  type: 'check' | 'digest',
  geometry: Geometry,
  pieces?: readonly PieceIndex[],
): Generator<StorageTask, void> {
  const perTask = piecesIn(geometry, CHECK_TASK_BYTES);
  const runs = pieces === undefined ? runsOfAll(geometry.pieceCount, perTask) : runsOf(pieces, perTask);
  for (const run of runs) yield { type, ...run };
}

export function* lookTasks(ranges: readonly LookedRange[]): Generator<StorageTask, void> {
  for (let at = 0; at < ranges.length; at += LOOK_TASK_RANGES)
    yield { type: 'look', ranges: ranges.slice(at, at + LOOK_TASK_RANGES) };
}

interface Run {
  readonly first: PieceIndex;
  readonly count: number;
}

function* runsOfAll(pieceCount: number, perTask: number): Generator<Run> {
  for (let first = 0; first < pieceCount; first += perTask) {
    yield { first: first as PieceIndex, count: Math.min(perTask, pieceCount - first) };
  }
}

/** Puts up to `perTask` consecutive pieces in one run. */
function* runsOf(pieces: readonly PieceIndex[], perTask: number): Generator<Run> {
  let first = 0;
  for (let i = 1; i <= pieces.length; i++) {
    const start = pieces[first] as PieceIndex;
    if (i < pieces.length && pieces[i] === start + (i - first) && i - first < perTask) continue;
    yield { first: start, count: i - first };
    first = i;
  }
}
