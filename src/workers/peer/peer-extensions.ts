/** The extension protocol (BEP 10) with one peer: its extensions, and their messages. */

import type { Clock } from '../../shared/clock.ts';
import type { CloseCode } from '../../shared/close-reason.ts';
import type { ToldPeer } from '../../shared/compact-peers.ts';
import {
  MAX_METADATA_REQUESTS,
  MAX_NODE_MESSAGE_BYTES,
  MAX_PEX_PEERS,
  MAX_PROOF_MESSAGES,
  MAX_USELESS_EXTENDED,
  METADATA_PART_BYTES,
  PEX_INTERVAL_MS,
} from '../../shared/limits.ts';
import type { MetadataPart } from '../../shared/metadata-part.ts';
import { encodeExtended, encodeLost } from '../wire/encoder.ts';
import {
  decodeExtendedHandshake,
  EXTENDED_HANDSHAKE,
  type Extension,
  OUR_EXTENSIONS,
} from '../wire/extended.ts';
import { decodeHolepunch, type HolepunchMessage } from '../wire/holepunch-message.ts';
import {
  decodeMetadataMessage,
  encodeMetadataData,
  encodeMetadataReject,
  encodeMetadataRequest,
  hasMetadataPart,
} from '../wire/metadata-message.ts';
import { decodePex } from '../wire/pex-message.ts';

/** The piece of BEP 54. */
const LOST_BYTES = 4;

/** What the extensions need from the peer and its shard. */
export interface ExtendedPeer {
  /** The info dictionary, once it is known. */
  readonly info: Uint8Array | null;
  send(bytes: Uint8Array): void;
  /** Sends what it asked for, as fast as it takes it. */
  answer(make: () => Uint8Array): void;
  /** BEP 10 `reqq`. */
  onRequestQueue(blocks: number): void;
  /** As in the event `metadata-offer`. */
  onMetadataOffer(bytes: number | null): void;
  onMetadataPart(part: MetadataPart): void;
  /** It no longer has this piece (BEP 54). Returns the reason to close it, if there is one. */
  onLost(piece: number): CloseCode | null;
  /** Addresses that the peer named (BEP 11). */
  onPeersTold(peers: readonly ToldPeer[]): void;
  /** BEP 55. */
  onHolepunch(message: HolepunchMessage): void;
  /** Null without a cluster. */
  readonly cluster: {
    /** It has proved that it is a node. */
    readonly isNode: boolean;
    /** It knows our extension. */
    onGreeting(): void;
    onMessage(body: Uint8Array): void;
  } | null;
}

export class PeerExtensions {
  readonly #peer: ExtendedPeer;
  readonly #ids = new Map<Extension, number>();
  readonly #clock: Clock;
  #pexAt = Number.NEGATIVE_INFINITY;
  /** The size that the peer last named; 0 while it named none. */
  #metadataBytes = 0;
  /** What main was last told about this; null if the peer may not be asked. */
  #offered: number | null = null;
  /** Unanswered requests for each metadata part: a slow peer may be asked again before it answers. */
  readonly #asked = new Map<number, number>();
  #greeted = false;
  /** Useless messages so far. */
  #useless = 0;
  #metadataRequests = 0;
  /** Messages of the extension of clusters so far. */
  #nodeWords = 0;
  /** BEP 10 `v`. */
  client: string | null = null;
  /** It wants nothing from us (BEP 21). */
  uploadOnly = false;
  /** Where it accepts connections (BEP 10 `p`). */
  port: number | null = null;

  constructor(peer: ExtendedPeer, clock: Clock) {
    this.#peer = peer;
    this.#clock = clock;
  }

  /** A whole extended message after its id. Returns the reason to close the peer, if there is one. */
  message(payload: Uint8Array): CloseCode | null {
    const body = payload.subarray(1);
    if (this.#useless > MAX_USELESS_EXTENDED) return 'bad-extended';
    switch (payload[0]) {
      case EXTENDED_HANDSHAKE:
        return this.#handshake(body);
      case OUR_EXTENSIONS.ut_metadata:
        return this.#metadata(body);
      case OUR_EXTENSIONS.ut_pex:
        return this.#pex(body);
      case OUR_EXTENSIONS.lt_donthave:
        return this.#lost(body);
      case OUR_EXTENSIONS.ut_holepunch:
        this.#holepunch(body);
        return null;
      case OUR_EXTENSIONS.uc_cluster:
        this.#cluster(body);
        return null;
      default:
        return null;
    }
  }

  /** The peer wants peer exchange. */
  get exchangesPeers(): boolean {
    return this.#ids.has('ut_pex');
  }

  /** It knows the extension of clusters. */
  get mayBeNode(): boolean {
    return this.#ids.has('uc_cluster');
  }

  /** It takes part in holepunching (BEP 55). */
  get punches(): boolean {
    return this.#ids.has('ut_holepunch');
  }

  /** It accepts metadata requests and named no size. */
  get lacksMetadata(): boolean {
    return this.#ids.has('ut_metadata') && this.#metadataBytes === 0;
  }

  /** `message`: the dictionary of BEP 11. */
  tellPeers(message: Uint8Array): void {
    const id = this.#ids.get('ut_pex');
    if (id !== undefined) this.#peer.send(encodeExtended(id, message));
  }

  /** We no longer have these pieces (BEP 54). False if it does not know the message. */
  tellLost(pieces: readonly number[]): boolean {
    const id = this.#ids.get('lt_donthave');
    if (id !== undefined) this.#peer.send(Buffer.concat(pieces.map((piece) => encodeLost(id, piece))));
    return id !== undefined;
  }

  /** `message`: of BEP 55. */
  tellHolepunch(message: Uint8Array): void {
    const id = this.#ids.get('ut_holepunch');
    if (id !== undefined) this.#peer.send(encodeExtended(id, message));
  }

  /** `message`: of our own extension. */
  tellNode(message: Uint8Array): void {
    const id = this.#ids.get('uc_cluster');
    if (id !== undefined) this.#peer.send(encodeExtended(id, message));
  }

  askMetadata(parts: readonly number[]): void {
    const id = this.#ids.get('ut_metadata');
    if (id === undefined) return;
    for (const part of parts) this.#asked.set(part, (this.#asked.get(part) ?? 0) + 1);
    this.#peer.send(Buffer.concat(parts.map((part) => encodeExtended(id, encodeMetadataRequest(part)))));
  }

  /** It may be sent again when something changes (BEP 10), which is rare; fields that are left out stay as they were. */
  #handshake(body: Uint8Array): CloseCode | null {
    if (this.#greeted) this.#useless += 1;
    this.#greeted = true;
    const told = decodeExtendedHandshake(body);
    if (told === null) return 'bad-extended';
    if (told.client !== null) this.client = told.client;
    this.port = told.port ?? this.port;
    this.uploadOnly = told.uploadOnly ?? this.uploadOnly;
    const wasNew = !this.#ids.has('uc_cluster');
    for (const [name, id] of Object.entries(told.ids) as [Extension, number][]) {
      if (id === 0) this.#ids.delete(name);
      else this.#ids.set(name, id);
    }
    if (told.requestQueue !== null) this.#peer.onRequestQueue(told.requestQueue);
    this.#metadataBytes = told.metadataBytes ?? this.#metadataBytes;
    this.#offerMetadata();
    if (wasNew && this.#ids.has('uc_cluster')) this.#peer.cluster?.onGreeting();
    return null;
  }

  #offerMetadata(): void {
    const offer = this.#ids.has('ut_metadata') ? this.#metadataBytes : null;
    if (offer === this.#offered) return;
    this.#offered = offer;
    if (this.#peer.info === null) this.#peer.onMetadataOffer(offer);
  }

  /** More than one message per minute, with some slack for clocks, is more than BEP 11 allows: ignored. */
  #pex(body: Uint8Array): CloseCode | null {
    const now = this.#clock();
    if (now - this.#pexAt < PEX_INTERVAL_MS / 2) {
      this.#useless += 1;
      return null;
    }
    this.#pexAt = now;
    const peers = decodePex(body, MAX_PEX_PEERS * 2);
    if (peers === null) return 'bad-extended';
    if (peers.length > 0) this.#peer.onPeersTold(peers);
    return null;
  }

  #lost(body: Uint8Array): CloseCode | null {
    if (body.length !== LOST_BYTES) return 'bad-extended';
    return this.#peer.onLost(new DataView(body.buffer, body.byteOffset).getUint32(0));
  }

  /** An unknown message may be of a later version: ignored. So is one of a peer that does not hear our answers. */
  #holepunch(body: Uint8Array): void {
    const message = this.punches ? decodeHolepunch(body) : null;
    if (message === null) this.#useless += 1;
    else this.#peer.onHolepunch(message);
  }

  /** Before it has proved that it is a node, main hears little of it. */
  #cluster(body: Uint8Array): void {
    const { cluster } = this.#peer;
    const isProof = ++this.#nodeWords <= MAX_PROOF_MESSAGES && body.length <= MAX_NODE_MESSAGE_BYTES;
    if (cluster !== null && this.mayBeNode && (cluster.isNode || isProof))
      cluster.onMessage(Uint8Array.from(body));
    else this.#useless += 1;
  }

  #metadata(body: Uint8Array): CloseCode | null {
    const message = decodeMetadataMessage(body);
    if (message === null) return 'bad-extended';
    switch (message.kind) {
      case 'request':
        this.#serveMetadata(message.part);
        return null;
      case 'reject':
        this.#tellPart({ index: message.part, totalBytes: this.#metadataBytes, bytes: null });
        return null;
      case 'data': {
        const { part, totalBytes, bytes } = message;
        if (bytes.length > METADATA_PART_BYTES) return 'bad-extended';
        this.#tellPart({ index: part, totalBytes, bytes: Uint8Array.from(bytes) });
        return null;
      }
      case 'unknown':
        return null;
    }
  }

  /** Parts that were not requested, or are not wanted any more, stop here: main must not be flooded. */
  #tellPart(part: MetadataPart): void {
    const asked = this.#asked.get(part.index) ?? 0;
    if (asked > 1) this.#asked.set(part.index, asked - 1);
    else this.#asked.delete(part.index);
    if (asked > 0 && this.#peer.info === null) this.#peer.onMetadataPart(part);
    else this.#useless += 1;
  }

  /** A peer that requests more parts than the largest metadata has is refused: this would waste our upload. */
  #serveMetadata(part: number): void {
    const id = this.#ids.get('ut_metadata');
    if (id === undefined) return;
    const { info } = this.#peer;
    const isTooMuch = this.#metadataRequests >= MAX_METADATA_REQUESTS;
    if (isTooMuch) this.#useless += 1;
    if (info === null || isTooMuch || !hasMetadataPart(part, info))
      return this.#peer.send(encodeExtended(id, encodeMetadataReject(part)));
    this.#metadataRequests += 1;
    this.#peer.answer(() => encodeExtended(id, encodeMetadataData(part, info)));
  }
}
