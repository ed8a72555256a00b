/** The metadata of a magnet link comes from peers in parts (BEP 9). */

/** A metadata part of 16 KiB as a peer sent it; `bytes` is null if the peer refused it. */
export interface MetadataPart {
  readonly index: number;
  /** Size of the whole metadata, as the peer says. */
  readonly totalBytes: number;
  readonly bytes: Uint8Array | null;
}
