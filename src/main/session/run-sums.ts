/**
 * What the runs of a torrent have done together. A run ends when its memory goes to another torrent, or at a pause, and the next one goes
 * on: for the user, and for the goals of a seed, they are one.
 */
import type { DownloadJob } from './download-job.ts';

export interface RunSums {
  /** Milliseconds. */
  readonly ms: number;
  /** Bytes of the torrent, by where they come from. */
  readonly downloaded: number;
  readonly reused: number;
  readonly found: number;
  readonly uploaded: number;
  /** Milliseconds in which the complete torrent was given to peers. */
  readonly seedMs: number;
}

export const NO_RUN: RunSums = { ms: 0, downloaded: 0, reused: 0, found: 0, uploaded: 0, seedMs: 0 };

/** With the run that goes on, or has ended just now; `run` has its own figures. */
export function sumsOf(
  earlier: RunSums = NO_RUN,
  job: DownloadJob | null,
  run: Pick<RunSums, 'ms' | 'uploaded' | 'seedMs'>,
): RunSums {
  const bytes = job?.download.bytes ?? {
    downloaded: 0,
    reused: 0,
    found: 0,
    wanted: Number.POSITIVE_INFINITY,
  };
  // What an earlier run got is on the disk now.
  const found = earlier.found || Math.max(0, bytes.found - earlier.downloaded - earlier.reused);
  // Files may have been removed between two runs: then the same bytes come again, and no more than there are count.
  const reused = Math.min(earlier.reused + bytes.reused, bytes.wanted - found);
  return {
    ms: earlier.ms + run.ms,
    // Blocks that an earlier run kept may have been bad, and were fetched again.
    downloaded: Math.min(earlier.downloaded + bytes.downloaded, bytes.wanted - found - reused),
    ...{ reused, found },
    uploaded: earlier.uploaded + run.uploaded,
    seedMs: earlier.seedMs + run.seedMs,
  };
}
