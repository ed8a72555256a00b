/** The info hashes of a torrent on the wire. A hybrid is known by two of them (BEP 52). */

/** What peers call a torrent. */
export interface TorrentNames {
  /** 20 bytes: of version 1, or the cut hash of version 2 if it has no other. */
  readonly infoHash: Uint8Array;
  /** The cut hash of version 2 (BEP 52); null in a torrent of version 1. */
  readonly infoHashV2: Uint8Array | null;
}
