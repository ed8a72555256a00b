/**
 * The allowed-fast set (BEP 6): a few pieces that a peer may request although we choke it, so that a newcomer soon has something
 * to trade with. The set follows from the peer's network: it gains nothing by connecting again.
 */
import { createHash } from 'node:crypto';
import { type PieceIndex, pieceIndex } from '../../shared/indices.ts';
import { addressBytes } from '../../shared/ip-address.ts';
import { ALLOWED_FAST_PIECES, ALLOWED_FAST_REPEATS } from '../../shared/limits.ts';

/** BEP 6 hides the last byte of IPv4 and does not speak of IPv6, where one host has 2 ** 64 addresses. */
const NETWORK_BYTES = { four: 3, six: 8 } as const;

export class AllowedFast {
  readonly pieces: ReadonlySet<number>;
  /** Bytes that may still be requested. */
  #left: number;

  constructor(pieces: readonly PieceIndex[], pieceLength: number) {
    this.pieces = new Set(pieces);
    this.#left = pieces.length * pieceLength * ALLOWED_FAST_REPEATS;
  }

  /** A request is served although the peer is choked. `has`: pieces that the peer has: with enough of them it is no newcomer. */
  allows(piece: number, length: number, has: number): boolean {
    if (has >= ALLOWED_FAST_PIECES || !this.pieces.has(piece) || length > this.#left) return false;
    this.#left -= length;
    return true;
  }
}

/** The pieces of the set for a peer at `host`, at most a quarter of the torrent. */
export function allowedFastPieces(
  host: string,
  infoHash: Uint8Array,
  pieceCount: number,
  most = Math.min(ALLOWED_FAST_PIECES, Math.floor(pieceCount / 4)),
): PieceIndex[] {
  const address = addressBytes(host);
  if (address === null) return [];
  const network = address.fill(0, address.length === 4 ? NETWORK_BYTES.four : NETWORK_BYTES.six);
  let bytes: Buffer = Buffer.concat([Buffer.from(network), infoHash]);
  const pieces = new Set<PieceIndex>();
  while (pieces.size < most) {
    bytes = createHash('sha1').update(bytes).digest();
    for (let at = 0; at < bytes.length && pieces.size < most; at += 4) {
      const piece = pieceIndex(bytes.readUInt32BE(at) % pieceCount, pieceCount);
      if (piece !== null) pieces.add(piece);
    }
  }
  return [...pieces];
}
