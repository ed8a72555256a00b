/** Our greeting: the bytes of the messages that the reducer sends, joined into one write; and the check of the peer's handshake. */

import { reachOf } from '../../shared/address-rules.ts';
import { ipv4Number } from '../../shared/ip-address.ts';
import type { TorrentNames } from '../../shared/torrent-names.ts';
import type { Address } from '../transport/transport.ts';
import { HAVE_ALL, HAVE_NONE, INTERESTED, KEEP_ALIVE, NOT_INTERESTED } from '../wire/encoder.ts';
import { type Extension, encodeExtendedHandshake, YOUR_IPV4_FROM_END } from '../wire/extended.ts';
import { encodeHandshake, type Handshake } from '../wire/handshake.ts';
import { hashOf, type Identity, versionOf, type WireVersion } from './identity.ts';
import type { Greeting } from './peer-state.ts';

/** The part of our greeting that changes during a run. */
export interface Offer {
  /** The size of our info dictionary (BEP 9); null while it is unknown. */
  readonly metadataBytes: number | null;
  /** Peers may be exchanged (BEP 11); not with a private torrent. */
  readonly pex: boolean;
  /** We meet peers that nobody can dial (BEP 55). */
  readonly holepunch: boolean;
  /** Nodes of our cluster are welcome. */
  readonly cluster: boolean;
  /** We have a DHT node (BEP 5): a peer that has one as well then tells us its port. */
  readonly dht: boolean;
  /** The bitfield of our pieces (BEP 3) as a message; null while there are none. */
  readonly bitfield: Buffer | null;
  /** We have every piece. */
  readonly complete: boolean;
  /** Where we listen (BEP 10 `p`); null if peers do not reach us. */
  readonly port: number | null;
  /** The port of the router that leads there, for IPv4 peers of other networks; null if there is none. */
  readonly routerPort: number | null;
  /**
   * Nobody can dial us there. Then we say over uTP which port our packets come from: the router lets in what comes there from a peer
   * that we dial at the same moment (BEP 55).
   */
  readonly isHidden: boolean;
}

/** The offer without what a private torrent does not allow (BEP 27). */
export type PublicOffer = Pick<Offer, 'pex' | 'dht' | 'holepunch'>;
export const NOTHING_PUBLIC: PublicOffer = { pex: false, dht: false, holepunch: false };

const NOTHING = Buffer.alloc(0);

/** Valid until our offer changes. */
interface ExtendedHandshakes {
  readonly offer: Offer;
  /** With a place for `yourip`. */
  readonly forIpv4: Buffer;
  /** Peers with other addresses do not get theirs. */
  readonly forOthers: Buffer;
}

/** A peer, as far as our greeting depends on it. */
export interface Greeted extends Address {
  /** Version 1 if it is left out. */
  readonly version?: WireVersion;
  /** Of the connection, over uTP. */
  readonly localPort?: number | null;
}

/** A shard greets thousands of peers in its first second, so the common part is made once. */
export class Greetings {
  readonly #clientName: string;
  #identity: Identity;
  /** By version, without and with a DHT node. */
  readonly #handshakes = new Map<string, Buffer>();
  #extended: ExtendedHandshakes | null = null;

  constructor(identity: Identity) {
    this.#clientName = identity.clientName;
    this.#identity = identity;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** Peers that we greet from now on hear these. */
  learn(names: TorrentNames): void {
    this.#identity = { ...this.#identity, ...names };
    this.#handshakes.clear();
  }

  /** Valid for one write. Must not be changed: parts of it go to other peers as well. */
  bytes(messages: readonly Greeting[], to: Greeted, offer: Offer): Buffer {
    const told = offerTo(to, offer);
    const parts = messages.map((message) => this.#bytesOf(message, to, told));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  #bytesOf(message: Greeting, to: Greeted, offer: Offer): Buffer {
    switch (message) {
      case 'handshake':
        return this.#handshake(to.version ?? 1, offer.dht);
      case 'extended-handshake':
        return this.#extendedHandshake(to, offer);
      case 'pieces':
        return offer.bitfield ?? NOTHING;
      case 'pieces-fast':
        return offer.complete ? HAVE_ALL : (offer.bitfield ?? HAVE_NONE);
      case 'interested':
        return INTERESTED;
      case 'not-interested':
        return NOT_INTERESTED;
      case 'keep-alive':
        return KEEP_ALIVE;
    }
  }

  #handshake(version: WireVersion, dht: boolean): Buffer {
    const key = `${version} ${dht}`;
    const known = this.#handshakes.get(key);
    if (known !== undefined) return known;
    const { peerId, infoHashV2 } = this.#identity;
    const bits = { dht, version2: infoHashV2 !== null };
    const bytes = encodeHandshake(hashOf(this.#identity, version), peerId, bits);
    this.#handshakes.set(key, bytes);
    return bytes;
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
    if (known !== null && isSame(known.offer, offer)) return known;
    const { metadataBytes, port, routerPort } = offer;
    const encoded = (yourAddress: Uint8Array | null, port: number | null) =>
      encodeExtendedHandshake(this.#clientName, yourAddress, {
        metadataBytes,
        extensions: extensionsOf(offer),
        uploadOnly: offer.complete,
        port,
      });
    this.#extended = {
      offer,
      forIpv4: encoded(new Uint8Array(4), routerPort ?? port),
      forOthers: encoded(null, port),
    };
    return this.#extended;
  }
}

/** The offer with the ports that this peer is told. */
function offerTo({ host, localPort = null }: Greeted, offer: Offer): Offer {
  if (localPort !== null && offer.port !== null && offer.isHidden)
    return { ...offer, port: localPort, routerPort: null };
  // A peer of our own network does not come through the router.
  return offer.routerPort !== null && reachOf(host) !== 'public' ? { ...offer, routerPort: null } : offer;
}

function extensionsOf({ pex, holepunch, cluster }: Offer): Extension[] {
  return [
    ...(['lt_donthave', 'ut_metadata'] as const),
    ...(pex ? (['ut_pex'] as const) : []),
    ...(holepunch ? (['ut_holepunch'] as const) : []),
    ...(cluster ? (['uc_cluster'] as const) : []),
  ];
}

function isSame(one: Offer, other: Offer): boolean {
  return (
    one.metadataBytes === other.metadataBytes &&
    one.pex === other.pex &&
    one.holepunch === other.holepunch &&
    one.complete === other.complete &&
    one.port === other.port &&
    one.routerPort === other.routerPort
  );
}

/** Checks that the peer serves our torrent and is not this client itself. */
export function judgeHandshake(handshake: Handshake, identity: Identity): 'ok' | 'wrong-info-hash' | 'self' {
  if (versionOf(identity, handshake.infoHash) === null) return 'wrong-info-hash';
  return Buffer.compare(handshake.peerId, identity.peerId) === 0 ? 'self' : 'ok';
}
