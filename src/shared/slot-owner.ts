/**
 * Who may be in a slot, and what each may do there. There are three kinds of holders: a peer shard in its own slot (owner), a peer
 * shard or the web-seed thread in the slot of another (guest), and the web-seed thread in its own slot (owner). The states of a
 * slot are in arena.ts. test/sim/slot-owners.test.ts runs the same cases with every pair of holders.
 *
 * | step    | who, and when                                        | how                                     | what it must not break                                       |
 * |---------|------------------------------------------------------|-----------------------------------------|--------------------------------------------------------------|
 * | claim   | a holder, a missing piece                            | ledger.claim, then adopt, else claim    | without a slot: ledger.release, at once                      |
 * | join    | another holder, an owned slot without rule and guest | join                                    | one guest at a time; the slot may have another piece by then |
 * | take    | owner or guest, a block that is not taken            | take                                    | only the taker writes the block, and only until it receives  |
 * | receive | the taker, all bytes are in place                    | receive; the last: fill for the owner   | the taker tells main where fill returns true, and only there |
 * | give up | the taker, the block does not come                   | untake                                  | nothing is written afterwards                                |
 * | park    | the owner, no guest is in, no writer of its own      | park, then ledger.release               | received blocks stay for the next holder                     |
 * | leave   | the owner of a full slot; a guest at any time        | leave                                   | it has no taken block then, and writes no more               |
 * | clear   | the owner, after its guest died                      | untake of blocks that are not its own   | before it: no other guest joins                              |
 * | die     | main, for a thread that is gone, or left the torrent | reclaim (lost-shard.ts): release, bury  | a full piece is kept; the claim ends before others may have it |
 * | judge   | main, a full slot                                    | discard, or retry once all have left    | the slot gets no next piece while a holder is in it          |
 *
 * How they differ: a peer of a shard takes a block with its first byte, because the socket reads straight into the slot. After a
 * second it loses the block and continues in a buffer of its own. A web seed takes a block when it has all of it. A shard parks
 * pieces that none of its peers continues; the web-seed thread parks pieces that no server continues.
 */
import { type ShardId, shardId } from './indices.ts';

/** The owner of slots that keep the blocks of an unfinished piece: no holder has this id. 0 is the owner of free slots. */
export const PARKED = 0x00ff_ffff;

/** Ids of shards start at 1 and never reach this value. */
const FIRST_WEB_SEEDS = 0x7f_0000;

/** The owner of the pieces that main takes from other files (`--reuse`). It holds no slot: no peer is asked for them meanwhile. */
export const REUSE_OWNER = shardId(0x7e_0000);

/** Main, as it puts the blocks of an earlier run into slots: before any holder begins. */
export const EARLIER_RUN_OWNER = shardId(0x7d_0000);

/** The owner for all claims of the web-seed thread, in every torrent; `deaths`: how many such threads died before it. */
export function webSeedsOwner(deaths: number): ShardId {
  return shardId(FIRST_WEB_SEEDS + deaths);
}
