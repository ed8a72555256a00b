/** A cluster to simulate, and how it went. */

export interface ClusterScenario {
  readonly seed: number;
  readonly nodes: number;
  readonly pieces: number;
  readonly pieceBytes: number;
  /** Of each line to the outside. */
  readonly bytesPerS: number;
  /** Nodes start within this time. */
  readonly spreadMs: number;
  /** The first ones, whose addresses all know. */
  readonly listed: number;
  /** Pieces that only a part of is in the files that all want: no node can give them. */
  readonly edges: number;
  readonly faults: readonly ClusterFault[];
}

export type ClusterFault =
  /** Its connections end at once, as with `kill -9`; `silent`: they do not, as with a lost machine. */
  | { readonly kind: 'kill'; readonly node: number; readonly atMs: number; readonly silent: boolean }
  /** It does nothing for this time. */
  | { readonly kind: 'freeze'; readonly node: number; readonly atMs: number; readonly ms: number }
  | { readonly kind: 'late'; readonly node: number; readonly atMs: number }
  /** Its line has this part of the rate. */
  | { readonly kind: 'slow'; readonly node: number; readonly part: number };

export interface ClusterOutcome {
  /** When the last node that lives was complete. */
  readonly endMs: number;
  /** Bytes from outside, of all nodes. */
  readonly outsideBytes: number;
  /** Nodes that live and are not complete, or have not left. */
  readonly unfinished: readonly number[];
  readonly messages: number;
  /** Connections of two nodes. */
  readonly pairs: number;
}
