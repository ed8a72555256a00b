/**
 * The sender of a block: a peer by its index, or a web seed by its position in the list of web seeds, or an earlier run. It is one
 * number, so the arena can store it beside the block.
 */
import type { PeerIndex } from './indices.ts';

declare const brand: unique symbol;
export type Sender = number & { readonly [brand]: 'Sender' };

/** Peer indices have 24 bits. */
const FIRST_WEB_SEED = 2 ** 24;

export function peerAsSender(peer: PeerIndex): Sender {
  return peer as number as Sender;
}

export function webSeedAsSender(position: number): Sender {
  return (FIRST_WEB_SEED + position) as Sender;
}

/** Of a block that an earlier run received: nobody knows who sent it. */
export const EARLIER_RUN = (2 ** 30) as Sender;

/** The peer, or the position of the web seed. */
export function senderOf(
  sender: Sender,
): { readonly peer: PeerIndex } | { readonly webSeed: number } | { readonly earlierRun: true } {
  if (sender === EARLIER_RUN) return { earlierRun: true };
  return sender < FIRST_WEB_SEED
    ? { peer: sender as number as PeerIndex }
    : { webSeed: sender - FIRST_WEB_SEED };
}
