/** Which peers can introduce us to a peer that nobody can dial (BEP 55): those that named it in peer exchange, and are connected. */
import type { HostPort } from '../../shared/compact-peers.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  INTRODUCTION_AGAIN_MS,
  MAX_INTRODUCERS,
  MAX_INTRODUCTION_TRIES,
  MAX_PUNCHABLE_PEERS,
} from '../../shared/limits.ts';

interface Target {
  readonly address: HostPort;
  /** The one that is asked next is the first. */
  introducers: PeerIndex[];
  /** Our dial had no answer, and nobody has introduced us since. */
  isMissed: boolean;
  tries: number;
  askedAt: number;
}

export interface Request {
  readonly introducer: PeerIndex;
  readonly target: HostPort;
}

export class Introducers {
  /** By the key of the address, the oldest first. */
  readonly #targets = new Map<string, Target>();

  /** `introducer` named `address`, whose key is `key`. */
  named(introducer: PeerIndex, key: string, address: HostPort): void {
    const target = this.#targets.get(key) ?? {
      address,
      introducers: [],
      isMissed: false,
      tries: 0,
      askedAt: Number.NEGATIVE_INFINITY,
    };
    this.#targets.delete(key);
    this.#targets.set(key, target);
    // The newest first: it has just seen it.
    const others = target.introducers.filter((other) => other !== introducer);
    target.introducers = [introducer, ...others].slice(0, MAX_INTRODUCERS);
    const [oldest] = this.#targets.keys();
    if (this.#targets.size > MAX_PUNCHABLE_PEERS && oldest !== undefined) this.#targets.delete(oldest);
  }

  /** Our dial had no answer. */
  missed(key: string): void {
    const target = this.#targets.get(key);
    if (target !== undefined) target.isMissed = true;
  }

  /** It is connected, or was. */
  met(key: string): void {
    const target = this.#targets.get(key);
    if (target !== undefined) target.isMissed = false;
  }

  /** The introduction worked, so it may again: only tries in a row without one are limited. */
  succeeded(key: string): void {
    const target = this.#targets.get(key);
    if (target !== undefined) target.tries = 0;
  }

  /** Somebody was asked for it a moment ago. */
  isExpected(key: string, now: number): boolean {
    const target = this.#targets.get(key);
    return target !== undefined && now - target.askedAt < INTRODUCTION_AGAIN_MS;
  }

  /** The peer to ask now; null if there is none. */
  next(key: string, now: number): Request | null {
    const target = this.#targets.get(key);
    const introducer = target?.introducers[0];
    if (target?.isMissed !== true || introducer === undefined) return null;
    if (target.tries >= MAX_INTRODUCTION_TRIES || now - target.askedAt < INTRODUCTION_AGAIN_MS) return null;
    target.tries += 1;
    target.askedAt = now;
    target.introducers = [...target.introducers.slice(1), introducer];
    return { introducer, target: target.address };
  }

  /** It cannot introduce us to that one, which does not count as a try. True if another one may be asked at once. */
  refused(introducer: PeerIndex, key: string): boolean {
    const target = this.#targets.get(key);
    if (target === undefined || !target.introducers.includes(introducer)) return false;
    target.introducers = target.introducers.filter((other) => other !== introducer);
    target.askedAt = Number.NEGATIVE_INFINITY;
    target.tries -= 1;
    return target.introducers.length > 0;
  }

  /** It is not connected any more. */
  left(introducer: PeerIndex): void {
    for (const target of this.#targets.values())
      if (target.introducers.includes(introducer))
        target.introducers = target.introducers.filter((other) => other !== introducer);
  }
}
