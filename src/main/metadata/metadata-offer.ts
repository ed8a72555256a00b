/**
 * One peer that may be asked for the metadata of a magnet link (BEP 9): what was requested, and when it may be asked again. A
 * refused or missing part never excludes it for good: it may be busy now, or not have the metadata yet.
 */
import { doubledPause } from '../../shared/doubled-pause.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  METADATA_ASKED_PARTS,
  METADATA_PART_TIMEOUT_MS,
  METADATA_RETRY_MAX_MS,
  METADATA_RETRY_MS,
} from '../../shared/limits.ts';

/** Why a part did not arrive, or was useless. */
type Fault = 'refused' | 'silent' | 'wrong';

/** One moment on two clocks. */
export interface OfferedAt {
  /** That of all threads: to compare it with the moment when a connection ended. */
  readonly shared: number;
  /** That stops with the process: all waits are measured with it. */
  readonly lived: number;
}

export class MetadataOffer {
  readonly peer: PeerIndex;
  readonly since: OfferedAt;
  /** The size that the peer names; 0 while it names none, like a peer that is looking for the metadata itself. */
  bytes: number;
  /** The parts from this peer alone, when parts of several peers are not combined. */
  own: (Uint8Array | null)[] | null = null;
  /** Requests in a row without a part, and the result of the last one. */
  failures = 0;
  lastFault: Fault | null = null;
  /** Requested parts, and since when. */
  readonly #asked = new Map<number, number>();
  /** Parts that were requested from it at some time: they may arrive late. */
  readonly #everAsked = new Set<number>();
  /** Failed parts: how often, and when they may be requested again. */
  readonly #waits = new Map<number, { readonly times: number; readonly until: number }>();

  constructor(peer: PeerIndex, bytes: number, since: OfferedAt) {
    this.peer = peer;
    this.bytes = bytes;
    this.since = since;
  }

  get asked(): ReadonlyMap<number, number> {
    return this.#asked;
  }

  wasAsked(part: number): boolean {
    return this.#everAsked.has(part);
  }

  mayAsk(part: number, now: number): boolean {
    return (
      this.#asked.size < METADATA_ASKED_PARTS &&
      !this.#asked.has(part) &&
      (this.#waits.get(part)?.until ?? 0) <= now
    );
  }

  ask(part: number, now: number): void {
    this.#asked.set(part, now);
    this.#everAsked.add(part);
  }

  gave(part: number): void {
    this.#asked.delete(part);
    this.#waits.delete(part);
    this.failures = 0;
    this.lastFault = null;
  }

  /** All its parts are useless and are requested again. */
  wasWrong(times: number, now: number): void {
    this.own = null;
    for (const part of this.#everAsked) this.failed(part, 'wrong', now, times);
  }

  /** The part is requested again after a wait that doubles. */
  failed(part: number, fault: Fault, now: number, times = (this.#waits.get(part)?.times ?? 0) + 1): void {
    this.#asked.delete(part);
    this.failures += 1;
    this.lastFault = fault;
    const wait = doubledPause(METADATA_RETRY_MS, times, METADATA_RETRY_MAX_MS);
    this.#waits.set(part, { times, until: now + wait });
  }

  /** Requests that are too old count as unanswered. */
  expire(now: number): void {
    for (const [part, since] of this.#asked) {
      if (now - since < METADATA_PART_TIMEOUT_MS) continue;
      this.failed(part, 'silent', now);
      this.own = null;
    }
  }

  /** Requested parts are not waited for any more. */
  forgetAsked(): void {
    this.#asked.clear();
  }
}
