/** Hashes of the trees of version 2 (BEP 52) between main and the shards: main has the trees, shards have the peers. */
import type { PeerIndex, PieceIndex } from './indices.ts';

/** Some hashes of one layer of a file's tree, and the hashes beside their ancestors that prove them. */
export interface HashRequest {
  /** 32 bytes: which file. */
  readonly root: Uint8Array;
  /** The layer; 0 has the leaves. */
  readonly base: number;
  /** The first hash in it. */
  readonly index: number;
  readonly count: number;
  /** Layers above the base whose uncles are wanted. */
  readonly proofs: number;
}

/** Two requests for the same hashes have the same key. */
export function keyOfRequest({ root, base, index, count, proofs }: HashRequest): string {
  return `${Buffer.from(root).toString('latin1')} ${base} ${index} ${count} ${proofs}`;
}

/** What a peer gets. Main has no data of files, so the shard makes the hashes of blocks. */
export interface HashAnswer {
  /** First those of the blocks of this piece; `bytes`: how many of its bytes belong to its file. */
  readonly leaves: { readonly piece: PieceIndex; readonly bytes: number } | null;
  /** 32 bytes per hash. */
  readonly hashes: Uint8Array;
}

/** Commands of main about one torrent. */
export type HashCommand =
  | { readonly type: 'ask-hashes'; readonly peer: PeerIndex; readonly requests: readonly HashRequest[] }
  /** The answer to `hash-request`; null if there is none. */
  | {
      readonly type: 'tell-hashes';
      readonly peer: PeerIndex;
      readonly request: HashRequest;
      readonly answer: HashAnswer | null;
    };

/** Events of a shard about one torrent. */
export type HashEvent =
  /** The peer may be asked for hashes. */
  | { readonly type: 'has-hashes'; readonly peer: PeerIndex }
  /** The peer asks us. */
  | { readonly type: 'hash-request'; readonly peer: PeerIndex; readonly request: HashRequest }
  /** It sent what it was asked for; null if it rejected that. */
  | {
      readonly type: 'hashes';
      readonly peer: PeerIndex;
      readonly request: HashRequest;
      readonly hashes: Uint8Array | null;
    };
