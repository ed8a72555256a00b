/**
 * Races the metadata of a magnet link (BEP 9): each part is requested from several peers, the parts are spread over many peers,
 * and the size that most peers name is tried first. Pure decisions: events in, requests and answers out.
 *
 * The info hash proves only the metadata as a whole. If it is wrong and several peers sent parts of it, each of them is then
 * asked for all parts; the first good metadata shows which peer had sent a wrong part.
 */

import { createHash } from 'node:crypto';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  MAX_METADATA_BYTES,
  MAX_WRONG_METADATA,
  METADATA_ASKED_PEERS,
  METADATA_PART_BYTES,
  METADATA_SIZE_MS,
  METADATA_UNSIZED_MS,
} from '../../shared/limits.ts';
import type { MetadataPart } from '../../shared/metadata-part.ts';
import type { PieceHashSearch } from '../hashes/hash-exchange.ts';
import type { InfoHashes } from '../torrent/info-hash.ts';
import { MetadataOffer, type OfferedAt } from './metadata-offer.ts';
import { bySize, freshestFirst } from './metadata-ranking.ts';

export interface MetadataAsk {
  readonly peer: PeerIndex;
  readonly parts: readonly number[];
}

export interface MetadataNews {
  /** The info dictionary with a proven hash; null while it is not there. */
  readonly info: Uint8Array | null;
  /** Peers that are proved to have sent wrong parts. */
  readonly liars: readonly PeerIndex[];
}

/** The state of the search. */
export interface MetadataSearch {
  /** Peers that say that they have the metadata. */
  readonly offers: number;
  /** Of these, those that refused the last request, and those that did not answer it. */
  readonly refusing: number;
  readonly silent: number;
  /** Peers that said so and left. */
  readonly left: number;
  /** Peers that sent metadata with a wrong hash. */
  readonly wrong: number;
  /** The metadata is there, but not the hashes of all pieces (BEP 52). Null before. */
  readonly pieceHashes: PieceHashSearch | null;
}

/** The metadata was known from the beginning. */
export const NO_SEARCH: MetadataSearch = {
  ...{ offers: 0, refusing: 0, silent: 0, left: 0, wrong: 0 },
  pieceHashes: null,
};

interface Sent {
  readonly peer: PeerIndex;
  readonly bytes: Uint8Array;
}

/** The parts received for one size. */
interface Assembly {
  readonly parts: (Sent | null)[];
  /** The parts of wrong metadata that came from several peers; null while there was none. */
  suspects: readonly Sent[] | null;
  keptBytes: number;
  /** When a peer was first asked for it; null before. */
  since: number | null;
}

const NOTHING: MetadataNews = { info: null, liars: [] };
/** Limit for kept parts of other sizes than the requested one. */
const MAX_KEPT_BYTES = 2 * MAX_METADATA_BYTES;

export class MetadataFetch {
  readonly #hashes: InfoHashes;
  readonly #offers = new Map<PeerIndex, MetadataOffer>();
  readonly #assemblies = new Map<number, Assembly>();
  readonly #left = new Set<PeerIndex>();
  /** How often each peer alone sent wrong metadata. */
  readonly #wrong = new Map<PeerIndex, number>();

  constructor(hashes: InfoHashes) {
    this.#hashes = hashes;
  }

  get search(): MetadataSearch {
    const sized = [...this.#offers.values()].filter(({ bytes }) => bytes > 0);
    return {
      offers: sized.length,
      refusing: sized.filter(({ lastFault }) => lastFault === 'refused').length,
      silent: sized.filter(({ lastFault }) => lastFault === 'silent').length,
      left: this.#left.size,
      wrong: this.#wrong.size,
      pieceHashes: null,
    };
  }

  /** A peer may be asked; `bytes` is 0 if it names no size. A repeated offer means another connection or another size. */
  offered(peer: PeerIndex, bytes: number, since: OfferedAt): void {
    this.#drop(peer);
    this.#left.delete(peer);
    this.#offers.set(peer, new MetadataOffer(peer, bytes, since));
  }

  /** Its connection ended at `at` of the shared clock, or it accepts no requests any more. This news may come after its next offer. */
  gone(peer: PeerIndex, at: number): void {
    const offer = this.#offers.get(peer);
    if (offer === undefined || offer.since.shared > at) return;
    this.#drop(peer);
    if (offer.bytes > 0) this.#left.add(peer);
  }

  arrived(peer: PeerIndex, part: MetadataPart, now: number): MetadataNews {
    const offer = this.#offers.get(peer);
    if (offer === undefined || !offer.wasAsked(part.index)) return NOTHING;
    const { bytes, totalBytes, index } = part;
    const isRight =
      bytes !== null &&
      totalBytes > 0 &&
      totalBytes <= MAX_METADATA_BYTES &&
      bytes.length === Math.min(METADATA_PART_BYTES, totalBytes - index * METADATA_PART_BYTES);
    if (!isRight) {
      offer.failed(index, 'refused', now);
      return NOTHING;
    }
    if (totalBytes !== offer.bytes) this.#resize(offer, totalBytes);
    offer.gave(index);
    const assembly = this.#assemblyOf(totalBytes);
    return assembly.suspects === null
      ? this.#shared(assembly, { peer, bytes }, index, now)
      : this.#own(assembly.suspects, offer, bytes, index, now);
  }

  /** The requests to send now. `now`: lived time, as everywhere here. */
  next(now: number): MetadataAsk[] {
    const offers = [...this.#offers.values()];
    for (const offer of offers) offer.expire(now);
    const sized = offers.filter(({ bytes }) => bytes > 0);
    const asks: Asks = new Map();
    for (const { bytes, offers } of bySize(sized)) {
      const assembly = this.#assemblyOf(bytes);
      if (assembly.suspects === null) sharedAsks(asks, assembly, freshestFirst(offers), now);
      else ownAsks(asks, bytes, offers, now);
      if (offers.some(({ asked }) => asked.size > 0) && holdsUp(assembly, now)) break;
    }
    if (!sized.some(({ failures }) => failures === 0)) unsizedAsks(asks, offers, now);
    return [...asks].map(([peer, parts]) => ({ peer, parts }));
  }

  #drop(peer: PeerIndex): void {
    const offer = this.#offers.get(peer);
    this.#offers.delete(peer);
    if (offer !== undefined) this.#forgetSize(offer.bytes);
  }

  /** A part names another size than the greeting did: the newer one counts. */
  #resize(offer: MetadataOffer, bytes: number): void {
    const before = offer.bytes;
    offer.bytes = bytes;
    offer.own = null;
    this.#forgetSize(before);
  }

  /** Parts that no peer offers any more are dropped: a false size costs a peer nothing. */
  #forgetSize(size: number): void {
    for (const { bytes } of this.#offers.values()) if (bytes === size) return;
    this.#assemblies.delete(size);
  }

  #shared(assembly: Assembly, sent: Sent, index: number, now: number): MetadataNews {
    if (assembly.parts[index] === null) this.#keep(assembly, sent, index);
    const all = assembly.parts.filter((one) => one !== null);
    if (all.length < assembly.parts.length) return NOTHING;
    const whole = Buffer.concat(all.map(({ bytes }) => bytes));
    if (this.#isRight(whole)) return { info: whole, liars: [] };
    assembly.parts.fill(null);
    assembly.keptBytes = 0;
    const senders = new Set(all.map(({ peer }) => peer));
    if (senders.size === 1) return this.#blame(sent.peer, now);
    assembly.suspects = all;
    for (const offer of this.#offers.values()) offer.forgetAsked();
    return NOTHING;
  }

  #keep(assembly: Assembly, sent: Sent, index: number): void {
    assembly.parts[index] = sent;
    assembly.keptBytes += sent.bytes.length;
    let kept = 0;
    for (const { keptBytes } of this.#assemblies.values()) kept += keptBytes;
    if (kept <= MAX_KEPT_BYTES) return;
    for (const [size, other] of this.#assemblies) if (other !== assembly) this.#assemblies.delete(size);
  }

  #own(
    suspects: readonly Sent[],
    offer: MetadataOffer,
    bytes: Uint8Array,
    index: number,
    now: number,
  ): MetadataNews {
    offer.own ??= suspects.map(() => null);
    offer.own[index] = bytes;
    const all = offer.own.filter((part) => part !== null);
    if (all.length < offer.own.length) return NOTHING;
    const whole = Buffer.concat(all);
    if (!this.#isRight(whole)) return this.#blame(offer.peer, now);
    const liars = suspects.filter((sent, i) => Buffer.compare(sent.bytes, all[i] ?? whole) !== 0);
    return { info: whole, liars: [...new Set(liars.map(({ peer }) => peer))] };
  }

  /** All parts came from one peer and are wrong. They may be right next time: a restarted peer may have mixed two versions. */
  #blame(peer: PeerIndex, now: number): MetadataNews {
    const times = (this.#wrong.get(peer) ?? 0) + 1;
    this.#wrong.set(peer, times);
    if (times < MAX_WRONG_METADATA) {
      this.#offers.get(peer)?.wasWrong(times, now);
      return NOTHING;
    }
    this.#drop(peer);
    return { info: null, liars: [peer] };
  }

  #isRight(whole: Uint8Array): boolean {
    const { v1, v2 } = this.#hashes;
    const isOf = (kind: string, hash: Uint8Array | null): boolean =>
      hash === null || createHash(kind).update(whole).digest().equals(hash);
    return isOf('sha1', v1) && isOf('sha256', v2);
  }

  #assemblyOf(bytes: number): Assembly {
    let assembly = this.#assemblies.get(bytes);
    if (assembly === undefined) {
      const parts = new Array<Sent | null>(partsOf(bytes)).fill(null);
      assembly = { parts, suspects: null, keptBytes: 0, since: null };
      this.#assemblies.set(bytes, assembly);
    }
    return assembly;
  }
}

type Asks = Map<PeerIndex, number[]>;

function partsOf(bytes: number): number {
  return Math.ceil(bytes / METADATA_PART_BYTES);
}

/** A size that is under way goes before the others, but not for long: a false one may come slowly, and never fail. */
function holdsUp(assembly: Assembly, now: number): boolean {
  assembly.since ??= now;
  return now - assembly.since < METADATA_SIZE_MS;
}

/** Every absent part is requested from several peers at one time, the least requested part first. */
function sharedAsks(asks: Asks, assembly: Assembly, offers: readonly MetadataOffer[], now: number): void {
  const absent = [...assembly.parts.keys()].filter((part) => assembly.parts[part] === null);
  const askers = new Map(absent.map((part) => [part, 0]));
  for (const { asked } of offers)
    for (const part of asked.keys()) if (askers.has(part)) askers.set(part, (askers.get(part) ?? 0) + 1);
  for (let round = 0; round < METADATA_ASKED_PEERS; round++) {
    for (const part of absent) {
      if ((askers.get(part) ?? 0) > round) continue;
      const offer = offers.find((one) => one.mayAsk(part, now));
      if (offer === undefined) continue;
      note(asks, offer, part, now);
      askers.set(part, round + 1);
    }
  }
}

/** A few peers at one time are asked for all parts each; parts from others are not used. */
function ownAsks(asks: Asks, size: number, offers: readonly MetadataOffer[], now: number): void {
  const chosen = freshestFirst(offers).slice(0, METADATA_ASKED_PEERS);
  for (const offer of offers) if (!chosen.includes(offer)) offer.own = null;
  for (const offer of chosen) {
    for (let part = 0; part < partsOf(size); part++) {
      const absent = offer.own === null || offer.own[part] === null;
      if (absent && offer.mayAsk(part, now)) note(asks, offer, part, now);
    }
  }
}

/**
 * Peers that name no size were looking for the metadata when they greeted us, and few greet again when they have it. If no
 * other peer sends any, they are asked for the first part from time to time. Their answer names the size.
 */
function unsizedAsks(asks: Asks, offers: readonly MetadataOffer[], now: number): void {
  const unsized = freshestFirst(offers.filter(({ bytes }) => bytes === 0));
  let underWay = unsized.filter(({ asked }) => asked.size > 0).length;
  for (const offer of unsized) {
    if (underWay >= METADATA_ASKED_PEERS) return;
    if (now - offer.since.lived < METADATA_UNSIZED_MS || offer.asked.size > 0 || !offer.mayAsk(0, now))
      continue;
    note(asks, offer, 0, now);
    underWay += 1;
  }
}

function note(asks: Asks, offer: MetadataOffer, part: number, now: number): void {
  offer.ask(part, now);
  const parts = asks.get(offer.peer);
  if (parts === undefined) asks.set(offer.peer, [part]);
  else parts.push(part);
}
