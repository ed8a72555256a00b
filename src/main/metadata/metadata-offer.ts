/**
 * One peer that may be asked for the metadata of a magnet link (BEP 9): what it was asked for, and when it may be asked again.
 * Nothing that a peer refuses or leaves out is held against it for good: it may be busy now, or have no metadata yet.
 */
import type { PeerIndex } from '../../shared/indices.ts';
import {
  METADATA_ASKED_PARTS,
  METADATA_PART_TIMEOUT_MS,
  METADATA_RETRY_MAX_MS,
  METADATA_RETRY_MS,
} from '../../shared/limits.ts';

/** Why a part did not come, or was of no use. */
type Fault = 'refused' | 'silent' | 'wrong';

export class MetadataOffer {
  readonly peer: PeerIndex;
  /** When it was made, by the clock of all threads. */
  readonly since: number;
  /** The size that the peer names; 0 while it names none, as one does that looks for the metadata itself. */
  bytes: number;
  /** Its own whole, where wholes are not shared. */
  own: (Uint8Array | null)[] | null = null;
  /** Questions in a row without a part, and what became of the last of them. */
  failures = 0;
  lastFault: Fault | null = null;
  /** Parts under way, and since when. */
  readonly #asked = new Map<number, number>();
  /** Parts that it was asked for at some time: they may come late. */
  readonly #everAsked = new Set<number>();
  /** Parts that failed: how often, and from when on they may be asked for again. */
  readonly #waits = new Map<number, { readonly times: number; readonly until: number }>();

  constructor(peer: PeerIndex, bytes: number, now: number) {
    this.peer = peer;
    this.bytes = bytes;
    this.since = now;
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

  /** All that it gave is worth nothing, and is asked for again. */
  wasWrong(times: number, now: number): void {
    this.own = null;
    for (const part of this.#everAsked) this.failed(part, 'wrong', now, times);
  }

  /** The part is asked for again after a wait that doubles. */
  failed(part: number, fault: Fault, now: number, times = (this.#waits.get(part)?.times ?? 0) + 1): void {
    this.#asked.delete(part);
    this.failures += 1;
    this.lastFault = fault;
    const wait = Math.min(METADATA_RETRY_MS * 2 ** (times - 1), METADATA_RETRY_MAX_MS);
    this.#waits.set(part, { times, until: now + wait });
  }

  /** Questions that are too old are unanswered ones. */
  expire(now: number): void {
    for (const [part, since] of this.#asked) {
      if (now - since < METADATA_PART_TIMEOUT_MS) continue;
      this.failed(part, 'silent', now);
      this.own = null;
    }
  }

  /** What is under way is not waited for any more. */
  forgetAsked(): void {
    this.#asked.clear();
  }
}
