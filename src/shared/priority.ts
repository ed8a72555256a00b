/** How urgent a piece is, and how the word of a piece in the ledger says so: main alone changes these bits. */

/** Higher ones come first. `skip`: no file that the user wants needs the piece. `now`: a reader waits for it. */
export const PRIORITY = { skip: 0, low: 1, normal: 2, high: 3, now: 4 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

export const PRIORITY_BITS = 0xf0;
const PRIORITY_SHIFT = 4;

/** What stands in a word. It is relative to `normal`, so that fresh memory is right. */
export function priorityBits(priority: Priority): number {
  return (priority ^ PRIORITY.normal) << PRIORITY_SHIFT;
}

export function priorityIn(word: number): Priority {
  return (((word & PRIORITY_BITS) >>> PRIORITY_SHIFT) ^ PRIORITY.normal) as Priority;
}

/** Neither what all pieces begin with, nor at one of the two ends. */
export function isLevel(priority: Priority): boolean {
  return priority === PRIORITY.low || priority === PRIORITY.high;
}
