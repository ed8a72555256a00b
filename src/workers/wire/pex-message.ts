/** BEP 11: peers tell each other which peers they are connected to, as changes since the last message. */

import { isIPv4 } from 'node:net';
import { BencodeError, bytesField, decodeBencode, encodeBencode, isDict } from '../../shared/bencode.ts';
import { compacted, compactIpv4, compactIpv6, type HostPort } from '../../shared/compact-peers.ts';
import { isSix } from '../../shared/ip-address.ts';

/** Flags of an added peer. */
export const PEX_FLAG = { seed: 0x02, reachable: 0x10 } as const;

export interface PexPeer extends HostPort {
  readonly flags: number;
}

/** The dictionary of a message; null if nothing changed. */
export function encodePex(added: readonly PexPeer[], dropped: readonly HostPort[]): Uint8Array | null {
  if (added.length === 0 && dropped.length === 0) return null;
  // Behind a proxy, some peers are known only by name, which a compact list cannot contain.
  const six = added.filter(({ host }) => isSix(host));
  const four = added.filter(({ host }) => isIPv4(host));
  const flags = (peers: readonly PexPeer[]) => Buffer.from(peers.map((peer) => peer.flags));
  return encodeBencode({
    added: compacted(four).v4,
    'added.f': flags(four),
    added6: compacted(six).v6,
    'added6.f': flags(six),
    dropped: compacted(dropped).v4,
    dropped6: compacted(dropped).v6,
  });
}

/** The added peers, at most `most`; null if the message is not a dictionary. Peers that left do not matter to us. */
export function decodePex(payload: Uint8Array, most: number): HostPort[] | null {
  try {
    const { value } = decodeBencode(payload);
    if (!isDict(value)) return null;
    const four = bytesField(value, 'added') ?? new Uint8Array(0);
    const six = bytesField(value, 'added6') ?? new Uint8Array(0);
    return [...compactIpv4(four.subarray(0, 6 * most)), ...compactIpv6(six.subarray(0, 18 * most))].slice(
      0,
      most,
    );
  } catch (error) {
    if (error instanceof BencodeError) return null;
    throw error;
  }
}
