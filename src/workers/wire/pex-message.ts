/** BEP 11: peers tell each other which peers they are connected to, as changes since the last message. */

import { isIPv4 } from 'node:net';
import { BencodeError, bytesField, decodeBencode, encodeBencode, isDict } from '../../shared/bencode.ts';
import {
  compacted,
  compactIpv4,
  compactIpv6,
  type HostPort,
  type ToldPeer,
} from '../../shared/compact-peers.ts';
import { isSix } from '../../shared/ip-address.ts';

/** Flags of an added peer. */
export const PEX_FLAG = { seed: 0x02, utp: 0x04, holepunch: 0x08, reachable: 0x10 } as const;

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
export function decodePex(payload: Uint8Array, most: number): ToldPeer[] | null {
  try {
    const { value } = decodeBencode(payload);
    if (!isDict(value)) return null;
    const bytes = (key: string): Uint8Array => bytesField(value, key) ?? new Uint8Array(0);
    return [
      ...told(bytes('added'), bytes('added.f'), 6, compactIpv4, most),
      ...told(bytes('added6'), bytes('added6.f'), 18, compactIpv6, most),
    ].slice(0, most);
  } catch (error) {
    if (error instanceof BencodeError) return null;
    throw error;
  }
}

/** One by one, so that each keeps its flags where a peer before it has port 0. Missing flags say nothing. */
function told(
  list: Uint8Array,
  flags: Uint8Array,
  bytesPerPeer: number,
  read: (bytes: Uint8Array) => HostPort[],
  most: number,
): ToldPeer[] {
  const peers: ToldPeer[] = [];
  for (let i = 0; i < most && (i + 1) * bytesPerPeer <= list.length; i++) {
    const punchable = ((flags[i] ?? 0) & PEX_FLAG.holepunch) !== 0;
    for (const peer of read(list.subarray(i * bytesPerPeer, (i + 1) * bytesPerPeer)))
      peers.push({ ...peer, punchable });
  }
  return peers;
}
