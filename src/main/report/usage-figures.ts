/** CPU and memory of the run: the whole process, all threads. */
export interface UsageFigures {
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly peakRssBytes: number;
}

export function usageFigures(): UsageFigures {
  const { user, system } = process.cpuUsage();
  return {
    cpuUserMs: Math.round(user / 1_000),
    cpuSystemMs: Math.round(system / 1_000),
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
  };
}
