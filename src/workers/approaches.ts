/**
 * How each peer is approached. With `prefer` the first try is plain, since that is one round trip sooner, and who hangs up on
 * it is tried again at once, encrypted: so neither kind of peer is lost. Who hangs up on TCP either way (some clients listen
 * there and accept uTP only) is tried over uTP alone. What worked is remembered.
 */
import type { PeerIndex } from '../shared/indices.ts';
import type { Encryption, TransportKind } from '../shared/messages.ts';
import type { Closed, PeerState } from './peer/peer-state.ts';

export interface Approach {
  /** Behind encryption from the first byte. */
  readonly secure: boolean;
  readonly utpOnly: boolean;
}

export const PLAIN: Approach = { secure: false, utpOnly: false };

const SECRECIES: Readonly<Record<Encryption, readonly boolean[]>> = {
  prefer: [false, true],
  require: [true],
  off: [false],
};

/** What is asked of a peer that was closed. */
interface Approached {
  readonly index: PeerIndex;
  readonly transport: TransportKind;
}

export class Approaches {
  readonly #all: readonly Approach[];
  /** Where in that list a peer is; the first where nothing is said. */
  readonly #reached = new Map<PeerIndex, number>();
  /** How a peer ended over TCP that is tried over uTP now. */
  readonly #overTcp = new Map<PeerIndex, Closed>();

  constructor(encryption: Encryption, utp: boolean) {
    const ways = utp ? [false, true] : [false];
    this.#all = ways.flatMap((utpOnly) => SECRECIES[encryption].map((secure) => ({ secure, utpOnly })));
  }

  /** The next dial's. */
  of(peer: PeerIndex): Approach {
    return this.#all[this.#reached.get(peer) ?? 0] ?? PLAIN;
  }

  /** True if a peer that was closed should be dialled again at once, another way. */
  triesAnother({ index, transport }: Approached, before: PeerState, after: Closed): boolean {
    if (before.phase !== 'handshaking' || before.incoming) return false;
    const now = this.#reached.get(index) ?? 0;
    const { code } = after.reason;
    const next = code === 'closed-by-peer' || code === 'reset' ? this.#after(now, transport) : undefined;
    // However it ended, no way was what it wanted: the next time begins as the first did.
    if (next === undefined) this.#reached.delete(index);
    else this.#reached.set(index, next);
    if (next !== undefined && this.#all[next]?.utpOnly === true) this.#overTcp.set(index, after);
    return next !== undefined;
  }

  /** What is told of a peer that is lost: of one that could not be reached over uTP, how it went over TCP. */
  ending(peer: PeerIndex, before: PeerState, after: Closed): Closed {
    const overTcp = this.#overTcp.get(peer);
    this.#overTcp.delete(peer);
    if (overTcp === undefined || before.phase !== 'dialing') return after;
    this.#reached.delete(peer);
    return overTcp;
  }

  /** Who hung up on uTP already is not tried there in the same manner again. */
  #after(now: number, transport: TransportKind): number | undefined {
    const wasUtp = transport.startsWith('utp');
    for (let next = now + 1; next < this.#all.length; next++) {
      if (!(wasUtp && this.#all[next]?.utpOnly === true && this.#all[now]?.utpOnly === false)) return next;
    }
    return undefined;
  }
}
