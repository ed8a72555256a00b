/** Message ids of the peer wire: BEP 3, BEP 5 (port), BEP 6 (fast extension), BEP 10 (extended), BEP 52 (hashes). */
export const MESSAGE = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggestPiece: 13,
  haveAll: 14,
  haveNone: 15,
  rejectRequest: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

/** `<id><index><begin>` before the bytes of a block. */
export const BLOCK_HEADER_BYTES = 9;

/** Messages with a fixed length, id included, by id. The decoder has a rule for each of the others. */
export const FIXED_LENGTH: ReadonlyMap<number, number> = new Map([
  [MESSAGE.choke, 1],
  [MESSAGE.unchoke, 1],
  [MESSAGE.interested, 1],
  [MESSAGE.notInterested, 1],
  [MESSAGE.have, 5],
  [MESSAGE.request, 13],
  [MESSAGE.cancel, 13],
  [MESSAGE.port, 3],
  [MESSAGE.suggestPiece, 5],
  [MESSAGE.haveAll, 1],
  [MESSAGE.haveNone, 1],
  [MESSAGE.rejectRequest, 13],
  [MESSAGE.allowedFast, 5],
  [MESSAGE.hashRequest, 49],
  [MESSAGE.hashReject, 49],
]);
