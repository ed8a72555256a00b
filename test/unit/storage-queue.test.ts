/** Whose task a storage thread takes next: mixes of work, and what each line gets of the threads' time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LineKind } from '../../src/main/pools/storage-line.ts';
import { StorageQueue } from '../../src/main/pools/storage-queue.ts';

interface Work {
  readonly kind: LineKind;
  /** Milliseconds that a task takes. */
  readonly taskMs: number;
  /** Tasks that are there from this moment on. */
  readonly backlog?: number;
  readonly fromMs?: number;
  /** One more task at this interval in milliseconds. */
  readonly everyMs?: number;
}

class Line {
  readonly work: Work;
  /** When its tasks came; those before `done` are done. */
  readonly tasks: number[] = [];
  ms = 0;
  done = 0;
  longestWait = 0;

  constructor(work: Work) {
    this.work = work;
  }

  get kind(): LineKind {
    return this.work.kind;
  }

  get waits(): boolean {
    return this.tasks.length > this.done;
  }

  arrive(now: number): void {
    const { backlog = 0, fromMs = 0, everyMs = 0 } = this.work;
    if (now === fromMs) for (let i = 0; i < backlog; i++) this.tasks.push(now);
    if (everyMs > 0 && now % everyMs === 0) this.tasks.push(now);
  }
}

/** The result of each line. */
function simulate(threads: number, untilMs: number, ...works: readonly Work[]): Line[] {
  const turns = new StorageQueue<Line>();
  const lines = works.map((work) => new Line(work));
  let busy: { readonly line: Line; readonly begun: number }[] = [];
  for (let now = 0; now < untilMs; now++) {
    for (const { line, begun } of busy) if (begun + line.work.taskMs === now) turns.ended(line, begun, now);
    busy = busy.filter(({ line, begun }) => begun + line.work.taskMs > now);
    for (const line of lines) {
      line.arrive(now);
      if (line.waits) turns.join(line, now);
    }
    while (busy.length < threads) {
      const line = turns.next(now);
      if (line === null) break;
      line.longestWait = Math.max(line.longestWait, now - (line.tasks[line.done] as number));
      line.ms += line.work.taskMs;
      line.done += 1;
      busy.push({ line, begun: now });
    }
  }
  return lines;
}

const PIECES = { kind: 'pieces', taskMs: 4 } as const;
const CHECK = { kind: 'scan', taskMs: 16, backlog: 2_000 } as const;

const near = (value: number, wanted: number, by = 0.1): void =>
  assert.ok(Math.abs(value - wanted) <= wanted * by, `${value} instead of ${wanted}`);

test('a check of 1 TB delays no piece of another torrent for longer than one task', () => {
  const [pieces, check] = simulate(1, 20_000, { ...PIECES, everyMs: 20 }, CHECK) as [Line, Line];
  assert.equal(pieces.done, 1_000);
  assert.ok(pieces.longestWait <= 16, `${pieces.longestWait} ms`);
  near(check.ms, 16_000);
});

test('if there are always pieces, a check gets a fifth of the time', () => {
  const [pieces, check] = simulate(2, 20_000, { ...PIECES, backlog: 20_000 }, CHECK) as [Line, Line];
  near(pieces.ms, 32_000);
  near(check.ms, 8_000);
});

test('a long backlog of one torrent delays no piece of another', () => {
  const [, few] = simulate(1, 20_000, { ...PIECES, backlog: 20_000 }, { ...PIECES, everyMs: 20 }) as [
    Line,
    Line,
  ];
  assert.equal(few.done, 1_000);
  assert.ok(few.longestWait <= 4, `${few.longestWait} ms`);
});

test('a torrent whose next piece comes only after the last one is done still gets half', () => {
  const [, steady] = simulate(1, 20_000, { ...PIECES, backlog: 20_000 }, { ...PIECES, everyMs: 8 }) as [
    Line,
    Line,
  ];
  near(steady.ms, 10_000);
});

for (const threads of [1, 2, 3])
  test(`a slow disk costs others no more than its share, on ${threads} threads`, () => {
    const [slow, fast] = simulate(
      threads,
      12_000,
      { kind: 'pieces', taskMs: 300, backlog: 20_000 },
      { kind: 'pieces', taskMs: 2, backlog: 20_000 },
    ) as [Line, Line];
    near(slow.ms, threads * 6_000);
    near(fast.ms, threads * 6_000);
  });

test('a long time without work gives no right to more time afterwards', () => {
  const [old, late] = simulate(
    2,
    20_000,
    { ...PIECES, backlog: 20_000 },
    { ...PIECES, backlog: 20_000, fromMs: 10_000 },
  ) as [Line, Line];
  near(old.ms, 30_000);
  near(late.ms, 10_000);
});

test('a check of a hundred torrents does not take time from a download', () => {
  const checks = Array.from({ length: 100 }, () => CHECK);
  const [pieces, ...others] = simulate(2, 40_000, { ...PIECES, everyMs: 40 }, ...checks) as [Line, ...Line[]];
  assert.equal(pieces.done, 1_000);
  assert.ok(pieces.longestWait <= 16, `${pieces.longestWait} ms`);
  for (const { ms } of others) near(ms, 760);
});

test('tasks that take no time are done in turns, and a line that left is never called', () => {
  const turns = new StorageQueue<Line>();
  const [a, b, c] = [new Line(PIECES), new Line(PIECES), new Line(PIECES)];
  for (const line of [a, b, c]) {
    line.tasks.push(0, 0, 0);
    turns.join(line, 5);
  }
  const order: (Line | null)[] = [];
  for (let i = 0; i < 6; i++) {
    const line = turns.next(5);
    order.push(line);
    if (line !== null) turns.ended(line, 5, 5);
    if (i === 2) turns.leave(b);
  }
  assert.deepEqual(order, [a, b, c, a, c, a]);
});
