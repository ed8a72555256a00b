/** Tries several ways to get one answer, one after the other, without a long wait for any of them. */
import type { Later } from '../../shared/lived-timer.ts';

/**
 * Tries the first item. Tries the next one when an item fails, or when the last item has not answered for `headStartMs`
 * (Infinity: only when it fails). Resolves with the first success and does not wait for attempts that still run.
 * Rejects with the failure of the first item when all fail. `items` is not empty.
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
