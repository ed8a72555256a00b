/** How a run of a torrent ends, and what it has made. */
export type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface TorrentRunResult {
  readonly name: string;
  readonly infoHash: string;
  /** The file, or the folder of the files. */
  readonly path: string;
  /** Bytes of all pieces that the wanted files need. */
  readonly bytes: number;
}
