/** Seeded random numbers for fuzz tests: a failure names its seed, and the seed repeats it. */
export function dice(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** A copy with a few bytes flipped, removed, duplicated or inserted. */
export function mutated(bytes: Buffer, roll: (below: number) => number): Buffer {
  let result = Buffer.from(bytes);
  for (let i = roll(4); i >= 0; i--) {
    const at = roll(result.length + 1);
    const kind = roll(5);
    if (kind === 0 && at < result.length) result[at] = roll(256);
    else if (kind === 1) result = Buffer.concat([result.subarray(0, at), result.subarray(at + roll(8))]);
    else if (kind === 2)
      result = Buffer.concat([
        result.subarray(0, at),
        Buffer.from(['d', 'l', 'e', 'i', '9', ':', '-', '0'][roll(8)] ?? ''),
        result.subarray(at),
      ]);
    else if (kind === 3) result = Buffer.concat([result, result.subarray(at, at + roll(40))]);
    else result = result.subarray(0, at);
  }
  return result;
}

/** Bytes of these dice. */
export const drawnBytes =
  (roll: (below: number) => number) =>
  (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, () => roll(256)));
