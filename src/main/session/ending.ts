/** How a run of a torrent ends, and what it has made. */
import { namesOf, type Source } from '../torrent/source.ts';
import type { DownloadJob } from './download-job.ts';

export type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'interrupted' }
  /** It stalled, and another torrent waited for its memory. */
  | { readonly kind: 'yielded' }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface TorrentRunResult {
  readonly name: string;
  readonly infoHash: string;
  /** The file, or the folder of the files. */
  readonly path: string;
  /** Bytes of all pieces that the wanted files need. */
  readonly bytes: number;
}

/** `job`: null if the files of the torrent never became known. */
export function resultOf(source: Source, job: DownloadJob | null): TorrentRunResult {
  const { download, plan } = job ?? { download: null, plan: null };
  return { ...namesOf(source), path: plan?.root ?? '', bytes: download?.bytes.wanted ?? 0 };
}
