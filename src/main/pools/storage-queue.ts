/**
 * Decides whose task a free storage thread takes next. All pieces together and all scans together share the time of the threads,
 * so that a check of a hundred torrents does not delay a download. The torrents within each group share its time, too.
 */
import type { LineKind, StorageLine } from './storage-line.ts';
import { StorageTurns } from './storage-turns.ts';

/** If there are always pieces, scans get a fifth of the time. */
const WEIGHTS: Readonly<Record<LineKind, number>> = { pieces: 4, scan: 1 };

type QueuedLine = Pick<StorageLine, 'kind' | 'waits'>;

export class StorageQueue<Line extends QueuedLine = StorageLine> {
  readonly #lines: Readonly<Record<LineKind, StorageTurns<Line>>> = {
    pieces: new StorageTurns(() => 1),
    scan: new StorageTurns(() => 1),
  };
  readonly #kinds = new StorageTurns<StorageTurns<Line>>((turns) =>
    turns === this.#lines.pieces ? WEIGHTS.pieces : WEIGHTS.scan,
  );

  /** The line has work. */
  join(line: Line, now: number): void {
    const lines = this.#lines[line.kind];
    lines.join(line, now);
    this.#kinds.join(lines, now);
  }

  /** The line that gets a thread at `now`; null if none has work. */
  next(now: number): Line | null {
    return this.#kinds.next(now)?.next(now) ?? null;
  }

  /** The line's task that started at `begun` has ended. */
  ended(line: Line, begun: number, now: number): void {
    const lines = this.#lines[line.kind];
    lines.ended(line, begun, now);
    this.#kinds.ended(lines, begun, now);
  }

  /** The line has ended: nothing of it is kept. */
  leave(line: Line): void {
    this.#lines[line.kind].leave(line);
  }
}
