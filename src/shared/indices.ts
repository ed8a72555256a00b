/**
 * Branded integers: a piece index cannot be passed where a peer index is expected. A constructor checks the range once; at run
 * time each is a plain number.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Position of a piece in its torrent. */
export type PieceIndex = Branded<'PieceIndex'>;
/** Position of a peer in the main thread's list of addresses; stable for the whole run. */
export type PeerIndex = Branded<'PeerIndex'>;
/** One life of a peer shard. A shard that replaces a dead one gets a new id, so claims of the dead one can be recognized. */
export type ShardId = Branded<'ShardId'>;
/** A torrent of the session; a number is never used again. */
export type TorrentId = Branded<'TorrentId'>;
/** Position of a slot in the arena. */
export type SlotIndex = Branded<'SlotIndex'>;

/** The index as a `PieceIndex`, or null if the torrent has no such piece: the network may send any number. */
export function pieceIndex(value: number, pieceCount: number): PieceIndex | null {
  return Number.isInteger(value) && value >= 0 && value < pieceCount ? (value as PieceIndex) : null;
}

/** Throws RangeError if our bookkeeping is wrong. Incoming peers get new indices for the whole run, so there is no upper limit. */
export function peerIndex(value: number): PeerIndex {
  return checked(value, 'peer index', Number.MAX_SAFE_INTEGER) as PeerIndex;
}

/** Throws RangeError if our bookkeeping is wrong. Zero means "no owner" in shared memory. */
export function shardId(value: number): ShardId {
  if (value === 0) throw new RangeError('shard id 0 is reserved');
  return checked(value, 'shard id') as ShardId;
}

/** Throws RangeError: our own bookkeeping is wrong. */
export function slotIndex(value: number): SlotIndex {
  return checked(value, 'slot index') as SlotIndex;
}

function checked(value: number, name: string, most = 0x00ff_ffff): number {
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new RangeError(`${name} out of range: ${value}`);
  }
  return value;
}
