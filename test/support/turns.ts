/** Runs several tasks that take turns at a shared thing, in every order of their steps, or in orders of a dice. */

/** Chooses one of this many tasks that wait for their turn. */
export type Choice = (waiting: number) => number;

/** Runs all to their end; resolves to what each resolved to. */
export async function inTurns<Result>(
  tasks: readonly ((step: () => Promise<void>) => Promise<Result>)[],
  choose: Choice,
): Promise<Result[]> {
  const waiting: (() => void)[] = [];
  let running = tasks.length;
  const ends = tasks.map((task) =>
    task(() => new Promise<void>((resolve) => waiting.push(resolve))).finally(() => {
      running -= 1;
    }),
  );
  while (running > 0) {
    await new Promise(setImmediate);
    const [next] = waiting.splice(choose(waiting.length), 1);
    next?.();
  }
  return Promise.all(ends);
}

/** Calls `run` with each sequence of choices; resolves to their number. */
export async function everyOrder(run: (choose: Choice) => Promise<void>): Promise<number> {
  let path: { at: number; readonly of: number }[] = [];
  for (let count = 1; ; count++) {
    let depth = 0;
    await run((of) => {
      path[depth] ??= { at: 0, of };
      return path[depth++]?.at ?? 0;
    });
    while (path.length > 0 && (path.at(-1)?.at ?? 0) + 1 >= (path.at(-1)?.of ?? 0)) path = path.slice(0, -1);
    const last = path.at(-1);
    if (last === undefined) return count;
    last.at += 1;
  }
}
