/** Which blocks of a bad piece are bad, by the hashes of the blocks in its tree (BEP 52), and who sent them. */
import type { RetryRule } from '../../shared/arena.ts';
import { MAX_AVOIDED_SENDERS } from '../../shared/limits.ts';
import { TREE_HASH_BYTES } from '../../shared/merkle.ts';
import type { Sender } from '../../shared/sender.ts';
import type { Senders } from './blame.ts';

export interface BadBlocks {
  /** They certainly sent bad blocks. */
  readonly liars: readonly Sender[];
  /** Only the bad blocks are fetched again. */
  readonly retry: RetryRule;
}

/** `came`: hashes of the blocks that came; `right`: what they must be. Null if no block is bad: then the hashes prove nothing. */
export function badBlocks(came: Uint8Array, right: Uint8Array, senders: Senders): BadBlocks | null {
  const blocks = new Set<number>();
  const liars = new Set<Sender>();
  for (const [block, sender] of senders.entries()) {
    const [from, to] = [block * TREE_HASH_BYTES, (block + 1) * TREE_HASH_BYTES];
    // The padding of a hybrid is in no tree.
    if (to > came.length || Buffer.compare(came.subarray(from, to), right.subarray(from, to)) === 0) continue;
    blocks.add(block);
    if (sender !== null) liars.add(sender);
  }
  if (blocks.size === 0) return null;
  const avoid = [...liars].slice(0, MAX_AVOIDED_SENDERS);
  return { liars: [...liars], retry: { avoid, solo: false, blocks } };
}
