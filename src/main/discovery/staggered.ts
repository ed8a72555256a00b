/** Several ways to one answer, tried one after the other, without waiting long for any. */
import type { Later } from '../../shared/lived-timer.ts';

/**
 * Tries the first item; the next one when one has failed, or when the last one has not answered for `headStartMs`
 * (Infinity: when it has failed). Resolves with the first success; attempts that still run then are not waited for.
 * Rejects with the failure of the first item when all have failed. `items` is not empty.
 */
export function staggered<Item, Result>(
  items: readonly Item[],
  headStartMs: number,
  later: Later,
  attempt: (item: Item) => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const failures = new Map<Item, unknown>();
    let begun = 0;
    let over = false;
    let cancel = (): void => {};
    const next = (): void => {
      cancel();
      if (over || begun === items.length) return;
      const item = items[begun++] as Item;
      if (begun < items.length && headStartMs < Number.POSITIVE_INFINITY) cancel = later(headStartMs, next);
      attempt(item).then(
        (result) => {
          over = true;
          cancel();
          resolve(result);
        },
        (error: unknown) => {
          failures.set(item, error);
          if (failures.size === items.length) reject(failures.get(items[0] as Item));
          else next();
        },
      );
    };
    next();
  });
}
