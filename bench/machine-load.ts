/** How busy the whole machine was, with everything that runs on it, except what is niced and gives way. */
import { readFileSync } from 'node:fs';

interface Times {
  readonly idle: number;
  readonly all: number;
}

/** The first line of /proc/stat: user, nice, system, idle, waiting for disks, … */
function times(): Times {
  const ticks = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/ +/).slice(1, 9);
  const numbers = ticks.map(Number);
  return {
    idle: (numbers[1] ?? 0) + (numbers[3] ?? 0) + (numbers[4] ?? 0),
    all: numbers.reduce((sum, ticks_) => sum + ticks_, 0),
  };
}

/** Returns a function that tells the busy part since this call, 0 to 1. */
export function machineLoad(): () => number {
  const before = times();
  return () => {
    const now = times();
    return 1 - (now.idle - before.idle) / Math.max(1, now.all - before.all);
  };
}
