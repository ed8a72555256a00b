/** A peer that has all pieces and gives the metadata of a magnet link (BEP 9), and nothing else. */

import { wire } from './wire-bytes.ts';
import type { WireHabits } from './wire-peer.ts';

/** The id that it has for messages about metadata; the client has given it 1. */
const THEIR_ID = 3;

/** `info`: at most one part long. `bitfield`: a digit for each piece. */
export function givingMetadata(info: Buffer, bitfield: string): WireHabits {
  const offer = wire.extended(0, `d1:md11:ut_metadatai${THEIR_ID}ee13:metadata_sizei${info.length}ee`);
  const part = `d8:msg_typei1e5:piecei0e10:total_sizei${info.length}ee${info.toString('latin1')}`;
  return {
    features: ['ext'],
    says: Buffer.concat([wire.bitfield(bitfield), offer]),
    hears: (id, payload, socket) => {
      if (id === 20 && payload[0] === THEIR_ID) socket.write(wire.extended(1, part));
    },
  };
}
