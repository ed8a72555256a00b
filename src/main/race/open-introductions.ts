/** Peers of ours that want to meet another one, while the other shards look for it (BEP 55). */
import type { HostPort } from '../../shared/compact-peers.ts';
import type { Introduction } from '../../shared/holepunch.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { MAX_OPEN_INTRODUCTIONS } from '../../shared/limits.ts';

export interface Asked {
  readonly peer: PeerIndex;
  readonly target: HostPort;
}

export interface Concluded extends Asked {
  readonly result: Introduction;
}

interface Open extends Asked {
  /** Positions of the shards that have not answered. */
  readonly waiting: Set<number>;
  result: Introduction;
}

export class OpenIntroductions {
  readonly #open = new Map<number, Open>();
  #next = 0;

  /** Returns the number of the request; null if nobody is to be asked. */
  begin(asked: Asked, positions: readonly number[]): number | null {
    if (positions.length === 0 || this.#open.size >= MAX_OPEN_INTRODUCTIONS) return null;
    const request = this.#next++;
    this.#open.set(request, { ...asked, waiting: new Set(positions), result: { kind: 'not-connected' } });
    return request;
  }

  /** Returns what the peer hears: once its target is found, or no shard has it. */
  heard(request: number, position: number, result: Introduction): Concluded | null {
    const open = this.#open.get(request);
    if (open === undefined) return null;
    open.waiting.delete(position);
    // The target may have two connections, and only one of them says what it supports.
    if (open.result.kind === 'not-connected' || result.kind === 'sent') open.result = result;
    if (open.waiting.size > 0 && open.result.kind !== 'sent') return null;
    this.#open.delete(request);
    return open;
  }

  /** A shard died, and the peers that it had with it. */
  replaced(position: number): Concluded[] {
    return [...this.#open.keys()].flatMap((request) => {
      const { waiting } = this.#open.get(request) ?? { waiting: new Set() };
      const concluded = waiting.has(position)
        ? this.heard(request, position, { kind: 'not-connected' })
        : null;
      return concluded === null ? [] : [concluded];
    });
  }
}
