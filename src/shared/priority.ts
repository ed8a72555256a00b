/** How urgent a piece is, and how its word in the ledger stores this. Only main changes these bits. */

/** Higher ones come first. `skip`: no file that the user wants needs the piece. `now`: a reader waits for it. */
export const PRIORITY = { skip: 0, low: 1, normal: 2, high: 3, now: 4 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

export const PRIORITY_BITS = 0xf0;
const PRIORITY_SHIFT = 4;

/** The bits in the word. They are relative to `normal`, so that fresh memory is correct. */
export function priorityBits(priority: Priority): number {
  return (priority ^ PRIORITY.normal) << PRIORITY_SHIFT;
}

export function priorityIn(word: number): Priority {
  return (((word & PRIORITY_BITS) >>> PRIORITY_SHIFT) ^ PRIORITY.normal) as Priority;
}

/** True for `low` and `high`: not the default, and not at either end. */
export function isLevel(priority: Priority): boolean {
  return priority === PRIORITY.low || priority === PRIORITY.high;
}
