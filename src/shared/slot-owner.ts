/**
 * Who may be in a slot, and what each may do there: the contract of the three holders, which are a peer shard in its own slot
 * (owner), a peer shard or the web-seed thread in the slot of another (guest), and the web-seed thread in its own (owner). The
 * states of a slot are in arena.ts. test/sim/slot-owners.test.ts puts every pair of holders through the same cases.
 *
 * | step    | who, and when                                        | how                                     | what it must not break                                       |
 * |---------|------------------------------------------------------|-----------------------------------------|--------------------------------------------------------------|
 * | claim   | a holder, a missing piece                            | ledger.claim, then adopt, else claim    | without a slot: ledger.release, at once                      |
 * | join    | another holder, an owned slot without rule and guest | join                                    | one guest at a time; the slot may have another piece by then |
 * | take    | owner or guest, a block that is not taken            | take                                    | the taker alone writes the block, and only until it receives |
 * | receive | the taker, all bytes are in place                    | receive; the last: fill for the owner   | the taker tells main where fill returns true, and only there |
 * | give up | the taker, the block does not come                   | untake                                  | nothing is written afterwards                                |
 * | park    | the owner, no guest is in, nobody here is writing    | park, then ledger.release               | received blocks stay for the next holder                     |
 * | leave   | the owner of a full slot; a guest at any time        | leave                                   | the same: it has no taken block, and writes no more          |
 * | clear   | the owner, after its guest died                      | untake of blocks that are not its own   | before it: no other guest joins                              |
 * | die     | main, for a thread that is gone, or left the torrent | reclaim (lost-shard.ts): release, bury  | a full piece is kept; a claim is void before others may have it |
 * | judge   | main, a full slot                                    | discard, or retry once all have left    | a holder that is still in the slot keeps it from the next piece |
 *
 * How they differ: a peer of a shard takes a block with its first byte, because the socket reads straight into the slot, and
 * loses it after a second (then it goes on aside). A web seed takes a block when it has all of it. A shard parks what no peer of
 * its own goes on with; the web-seed thread does the same for what no server goes on with.
 */
import { type ShardId, shardId } from './indices.ts';

/** The owner of slots that keep the blocks of an unfinished piece: no holder has this id. 0 is the owner of free ones. */
export const PARKED = 0x00ff_ffff;

/** Shards count from 1, and never come this far. */
const FIRST_WEB_SEEDS = 0x7f_0000;

/** The owner of what the web-seed thread claims, in every torrent; `deaths`: how many such threads died before it. */
export function webSeedsOwner(deaths: number): ShardId {
  return shardId(FIRST_WEB_SEEDS + deaths);
}
