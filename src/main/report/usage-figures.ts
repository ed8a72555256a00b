/** CPU and memory of the run: the whole process, all threads. */
import type { Bytes, Milliseconds } from '../quantities.ts';

export interface UsageFigures {
  /** @integer */
  readonly cpuUserMs: Milliseconds;
  /** @integer */
  readonly cpuSystemMs: Milliseconds;
  readonly peakRssBytes: Bytes;
}

export function usageFigures(): UsageFigures {
  const { user, system } = process.cpuUsage();
  return {
    cpuUserMs: Math.round(user / 1_000),
    cpuSystemMs: Math.round(system / 1_000),
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
  };
}
