/**
 * The metadata of a magnet link (BEP 9), raced: each part is asked of several peers, the parts are spread over many, and
 * the size that most peers name is tried first. Pure decisions: events in, questions and answers out.
 *
 * The info hash proves the whole only. When a whole is wrong and several peers had a part in it, each is from then on asked
 * for a whole of its own; the first good one shows who sent which wrong part.
 */
import { createHash } from 'node:crypto';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  METADATA_ASKED_PARTS,
  METADATA_ASKED_PEERS,
  METADATA_PART_BYTES,
  METADATA_PART_TIMEOUT_MS,
} from '../../shared/limits.ts';
import type { MetadataPart } from '../../shared/messages.ts';

export interface MetadataAsk {
  readonly peer: PeerIndex;
  readonly parts: readonly number[];
}

export interface MetadataNews {
  /** The info dictionary, its hash proven; null while it is not there. */
  readonly info: Uint8Array | null;
  /** Peers that are shown to have sent wrong parts. */
  readonly liars: readonly PeerIndex[];
}

interface Offer {
  readonly peer: PeerIndex;
  readonly bytes: number;
  /** Parts under way, and since when. */
  readonly asked: Map<number, number>;
  /** Parts that it was asked for at some time. */
  readonly tried: Set<number>;
  /** Questions that it left unanswered. */
  silent: number;
  /** Its own whole, where wholes are not shared. */
  own: (Uint8Array | null)[] | null;
}

interface Sent {
  readonly peer: PeerIndex;
  readonly bytes: Uint8Array;
}

/** What has come for one size. */
interface Assembly {
  readonly parts: (Sent | null)[];
  /** A whole that several peers had a part in was wrong: these are its parts. Null while none was. */
  suspects: readonly Sent[] | null;
}

/** Offers looked at for the next questions: those that came first are the quickest. */
const MAX_LOOKS = 64;
const NOTHING: MetadataNews = { info: null, liars: [] };

export class MetadataFetch {
  readonly #infoHash: Uint8Array;
  readonly #offers = new Map<PeerIndex, Offer>();
  readonly #assemblies = new Map<number, Assembly>();

  constructor(infoHash: Uint8Array) {
    this.#infoHash = infoHash;
  }

  /** Peers that could be asked. */
  get offers(): number {
    return this.#offers.size;
  }

  offered(peer: PeerIndex, bytes: number): void {
    if (this.#offers.has(peer)) return;
    this.#offers.set(peer, { peer, bytes, asked: new Map(), tried: new Set(), silent: 0, own: null });
  }

  gone(peer: PeerIndex): void {
    const offer = this.#offers.get(peer);
    this.#offers.delete(peer);
    // What nobody offers any more is not kept: sizes are cheap to name.
    if (offer !== undefined && ![...this.#offers.values()].some(({ bytes }) => bytes === offer.bytes))
      this.#assemblies.delete(offer.bytes);
  }

  arrived(peer: PeerIndex, part: MetadataPart): MetadataNews {
    const offer = this.#offers.get(peer);
    if (offer === undefined || !offer.asked.delete(part.index)) return NOTHING;
    const { bytes } = part;
    const isRight =
      bytes !== null &&
      part.totalBytes === offer.bytes &&
      bytes.length === Math.min(METADATA_PART_BYTES, offer.bytes - part.index * METADATA_PART_BYTES);
    if (!isRight) {
      this.gone(peer);
      return NOTHING;
    }
    offer.silent = 0;
    const assembly = this.#assemblyOf(offer.bytes);
    return assembly.suspects === null
      ? this.#shared(assembly, { peer, bytes }, part.index)
      : this.#own(assembly.suspects, offer, bytes, part.index);
  }

  /** What to ask now. */
  next(now: number): MetadataAsk[] {
    const size = this.#majoritySize();
    if (size === null) return [];
    const offers: Offer[] = [];
    for (const offer of this.#offers.values()) {
      this.#expire(offer, now);
      if (offer.bytes === size && offers.length < MAX_LOOKS) offers.push(offer);
    }
    offers.sort((a, b) => a.silent - b.silent);
    const assembly = this.#assemblyOf(size);
    const asks = assembly.suspects === null ? sharedAsks(assembly, offers, now) : ownAsks(offers, size, now);
    return [...asks].map(([peer, parts]) => ({ peer, parts }));
  }

  #shared(assembly: Assembly, sent: Sent, index: number): MetadataNews {
    assembly.parts[index] ??= sent;
    const all = assembly.parts.filter((one) => one !== null);
    if (all.length < assembly.parts.length) return NOTHING;
    const whole = Buffer.concat(all.map(({ bytes }) => bytes));
    if (this.#isRight(whole)) return { info: whole, liars: [] };
    assembly.parts.fill(null);
    for (const offer of this.#offers.values()) offer.tried.clear();
    const senders = new Set(all.map(({ peer }) => peer));
    if (senders.size === 1) return this.#convict([...senders]);
    assembly.suspects = all;
    for (const offer of this.#offers.values()) offer.asked.clear();
    return NOTHING;
  }

  #own(suspects: readonly Sent[], offer: Offer, bytes: Uint8Array, index: number): MetadataNews {
    offer.own ??= suspects.map(() => null);
    offer.own[index] = bytes;
    const all = offer.own.filter((part) => part !== null);
    if (all.length < offer.own.length) return NOTHING;
    const whole = Buffer.concat(all);
    if (!this.#isRight(whole)) return this.#convict([offer.peer]);
    const liars = suspects.filter((sent, i) => Buffer.compare(sent.bytes, all[i] ?? whole) !== 0);
    return { info: whole, liars: [...new Set(liars.map(({ peer }) => peer))] };
  }

  #convict(liars: readonly PeerIndex[]): MetadataNews {
    for (const liar of liars) this.gone(liar);
    return { info: null, liars };
  }

  #isRight(whole: Uint8Array): boolean {
    return createHash('sha1').update(whole).digest().equals(this.#infoHash);
  }

  #assemblyOf(bytes: number): Assembly {
    let assembly = this.#assemblies.get(bytes);
    if (assembly === undefined) {
      const parts = new Array<Sent | null>(Math.ceil(bytes / METADATA_PART_BYTES)).fill(null);
      assembly = { parts, suspects: null };
      this.#assemblies.set(bytes, assembly);
    }
    return assembly;
  }

  /** Who names a size and then falls silent has no vote, unless all are silent. */
  #majoritySize(): number | null {
    const offers = [...this.#offers.values()];
    const heard = offers.filter(({ silent }) => silent === 0);
    const votes = new Map<number, number>();
    let best: number | null = null;
    for (const { bytes } of heard.length > 0 ? heard : offers) {
      votes.set(bytes, (votes.get(bytes) ?? 0) + 1);
      if (best === null || (votes.get(bytes) ?? 0) > (votes.get(best) ?? 0)) best = bytes;
    }
    return best;
  }

  #expire(offer: Offer, now: number): void {
    for (const [part, since] of offer.asked) {
      if (now - since < METADATA_PART_TIMEOUT_MS) continue;
      offer.asked.delete(part);
      offer.silent += 1;
      offer.own = null;
    }
    // Who was asked for everything and gave little may be asked anew.
    if (offer.asked.size === 0 && offer.silent > 0) offer.tried.clear();
  }
}

type Asks = Map<PeerIndex, number[]>;

/** Every absent part is asked of several peers at one time, the least asked part first. */
function sharedAsks(assembly: Assembly, offers: readonly Offer[], now: number): Asks {
  const asks: Asks = new Map();
  const absent = [...assembly.parts.keys()].filter((part) => assembly.parts[part] === null);
  const askers = new Map(absent.map((part) => [part, 0]));
  for (const { asked } of offers)
    for (const part of asked.keys()) if (askers.has(part)) askers.set(part, (askers.get(part) ?? 0) + 1);
  for (let round = 0; round < METADATA_ASKED_PEERS; round++) {
    for (const part of absent) {
      if ((askers.get(part) ?? 0) > round) continue;
      const offer = offers.find((one) => mayAsk(one) && !one.tried.has(part));
      if (offer === undefined) continue;
      note(asks, offer, part, now);
      askers.set(part, round + 1);
    }
  }
  return asks;
}

/** A few peers at one time are asked for all parts each. */
function ownAsks(offers: readonly Offer[], size: number, now: number): Asks {
  const asks: Asks = new Map();
  const parts = Math.ceil(size / METADATA_PART_BYTES);
  for (const offer of offers.slice(0, METADATA_ASKED_PEERS)) {
    for (let part = 0; part < parts && mayAsk(offer); part++) {
      const absent = offer.own === null || offer.own[part] === null;
      if (absent && !offer.tried.has(part)) note(asks, offer, part, now);
    }
  }
  return asks;
}

function mayAsk(offer: Offer): boolean {
  return offer.asked.size < METADATA_ASKED_PARTS;
}

function note(asks: Asks, offer: Offer, part: number, now: number): void {
  offer.asked.set(part, now);
  offer.tried.add(part);
  asks.set(offer.peer, [...(asks.get(offer.peer) ?? []), part]);
}
