/** How we open a connection: the bytes of what the reducer sends, joined into one write, and the look at what comes back. */
import { ipv4Number } from '../../shared/ip-address.ts';
import type { Encryption } from '../../shared/messages.ts';
import type { Address } from '../transport/transport.ts';
import { HAVE_NONE, INTERESTED, KEEP_ALIVE, NOT_INTERESTED } from '../wire/encoder.ts';
import { encodeExtendedHandshake, YOUR_IPV4_FROM_END } from '../wire/extended.ts';
import { encodeHandshake, type Handshake } from '../wire/handshake.ts';
import type { Greeting } from './peer-state.ts';

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
  /** We have a node of the DHT (BEP 5): a peer that has one, too, then tells its port. */
  readonly dht: boolean;
  /** The bitfield message of what is verified (BEP 3); null while that is nothing. */
  readonly bitfield: Buffer | null;
}

/** What a private torrent may not have (BEP 27). */
export type PublicOffer = Pick<Offer, 'pex' | 'dht'>;
export const NOTHING_PUBLIC: PublicOffer = { pex: false, dht: false };

const NOTHING = Buffer.alloc(0);

/** Good until our offer changes. */
interface ExtendedHandshakes {
  readonly offer: Offer;
  /** With room for `yourip`. */
  readonly forIpv4: Buffer;
  /** Peers with other addresses learn theirs elsewhere. */
  readonly forOthers: Buffer;
}

/** A shard greets thousands of peers in its first second: what is the same for all of them is made once. */
export class Greetings {
  readonly #clientName: string;
  readonly #handshake: Buffer;
  readonly #handshakeWithDht: Buffer;
  #extended: ExtendedHandshakes | null = null;

  constructor({ infoHash, peerId, clientName }: Identity) {
    this.#clientName = clientName;
    this.#handshake = encodeHandshake(infoHash, peerId);
    this.#handshakeWithDht = encodeHandshake(infoHash, peerId, true);
  }

  /** For one write. Not to be changed: parts of it go to others, too. */
  bytes(messages: readonly Greeting[], to: Address, offer: Offer): Buffer {
    const parts = messages.map((message) => this.#bytesOf(message, to, offer));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  #bytesOf(message: Greeting, to: Address, offer: Offer): Buffer {
    switch (message) {
      case 'handshake':
        return offer.dht ? this.#handshakeWithDht : this.#handshake;
      case 'extended-handshake':
        return this.#extendedHandshake(to, offer);
      case 'pieces':
        return offer.bitfield ?? NOTHING;
      case 'pieces-fast':
        return offer.bitfield ?? HAVE_NONE;
      case 'interested':
        return INTERESTED;
      case 'not-interested':
        return NOT_INTERESTED;
      case 'keep-alive':
        return KEEP_ALIVE;
    }
  }

  #extendedHandshake(to: Address, offer: Offer): Buffer {
    const { forIpv4, forOthers } = this.#extendedFor(offer);
    const address = ipv4Number(to.host);
    if (address === null) return forOthers;
    const bytes = Buffer.from(forIpv4);
    bytes.writeUInt32BE(address, bytes.length - YOUR_IPV4_FROM_END);
    return bytes;
  }

  #extendedFor(offer: Offer): ExtendedHandshakes {
    const known = this.#extended;
    if (known?.offer.metadataBytes === offer.metadataBytes && known.offer.pex === offer.pex) return known;
    const encoded = (yourAddress: Uint8Array | null) =>
      encodeExtendedHandshake(
        this.#clientName,
        yourAddress,
        offer.metadataBytes,
        offer.pex ? ['ut_metadata', 'ut_pex'] : ['ut_metadata'],
      );
    this.#extended = { offer, forIpv4: encoded(new Uint8Array(4)), forOthers: encoded(null) };
    return this.#extended;
  }
}

/** Whether the other side serves what we want, and is not ourselves by another address. */
export function judgeHandshake(handshake: Handshake, identity: Identity): 'ok' | 'wrong-info-hash' | 'self' {
  if (Buffer.compare(handshake.infoHash, identity.infoHash) !== 0) return 'wrong-info-hash';
  return Buffer.compare(handshake.peerId, identity.peerId) === 0 ? 'self' : 'ok';
}
