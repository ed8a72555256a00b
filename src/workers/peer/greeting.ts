/** How we open a connection: the bytes of what the reducer sends, joined into one write, and the look at what comes back. */
import { isIPv4 } from 'node:net';
import type { Encryption } from '../../shared/messages.ts';
import { HAVE_NONE, INTERESTED, KEEP_ALIVE, NOT_INTERESTED } from '../wire/encoder.ts';
import { encodeExtendedHandshake } from '../wire/extended.ts';
import { encodeHandshake, type Handshake } from '../wire/handshake.ts';
import type { Greeting } from './peer-state.ts';
import type { Address } from './transport.ts';

/** Who we are to a peer. */
export interface Identity {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly clientName: string;
  readonly encryption: Encryption;
}

/** What of us changes while we run. */
export interface Offer {
  /** The length of our info dictionary (BEP 9); null while it is not known. */
  readonly metadataBytes: number | null;
  /** Peers may be exchanged with others (BEP 11); not so for a private torrent. */
  readonly pex: boolean;
}

export function greetingBytes(
  messages: readonly Greeting[],
  identity: Identity,
  to: Address,
  offer: Offer,
): Buffer {
  const parts = messages.map((message) => bytesOf(message, identity, to, offer));
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

/** Whether the other side serves what we want, and is not ourselves by another address. */
export function judgeHandshake(handshake: Handshake, identity: Identity): 'ok' | 'wrong-info-hash' | 'self' {
  if (Buffer.compare(handshake.infoHash, identity.infoHash) !== 0) return 'wrong-info-hash';
  return Buffer.compare(handshake.peerId, identity.peerId) === 0 ? 'self' : 'ok';
}

function bytesOf(message: Greeting, identity: Identity, to: Address, offer: Offer): Buffer {
  switch (message) {
    case 'handshake':
      return encodeHandshake(identity.infoHash, identity.peerId);
    case 'extended-handshake':
      return encodeExtendedHandshake(
        identity.clientName,
        ipv4Bytes(to.host),
        offer.metadataBytes,
        offer.pex ? ['ut_metadata', 'ut_pex'] : ['ut_metadata'],
      );
    case 'have-none':
      return HAVE_NONE;
    case 'interested':
      return INTERESTED;
    case 'not-interested':
      return NOT_INTERESTED;
    case 'keep-alive':
      return KEEP_ALIVE;
  }
}

/** `yourip` (BEP 10) in network order; IPv6 peers learn theirs elsewhere. */
function ipv4Bytes(host: string): Uint8Array | null {
  return isIPv4(host) ? Uint8Array.from(host.split('.'), Number) : null;
}
