/**
 * How each peer is approached. With `prefer` the first try is plain, since that is one round trip sooner, and who hangs up on
 * it is tried again at once, encrypted: so neither kind of peer is lost. Who hangs up on TCP either way (some clients listen
 * there and accept uTP only) is tried over uTP alone; so is whom TCP does not reach, but in his turn. What worked is remembered.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { UTP_HEAD_START_MS } from '../../shared/limits.ts';
import type { Encryption, PeerOutcome, TransportKind } from '../../shared/messages.ts';
import type { PeerState } from '../peer/peer-state.ts';

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

const HUNG_UP: ReadonlySet<CloseCode> = new Set<CloseCode>(['closed-by-peer', 'reset']);
/** The network's words for somebody who could not be reached. */
const UNREACHED: ReadonlySet<CloseCode> = new Set<CloseCode>([
  'refused',
  'unreachable',
  'connect-failed',
  'connect-timeout',
  'reset',
]);

export class Approaches {
  readonly #all: readonly Approach[];
  /** Where in that list a peer is; the first where nothing is said. */
  readonly #reached = new Map<PeerIndex, number>();
  /** How it went over TCP with those that are tried over uTP now, or will be. */
  readonly #overTcp = new Map<PeerIndex, PeerOutcome>();

  constructor(encryption: Encryption, utp: boolean) {
    const ways = utp ? [false, true] : [false];
    this.#all = ways.flatMap((utpOnly) => SECRECIES[encryption].map((secure) => ({ secure, utpOnly })));
  }

  /** The next dial's. */
  of(peer: PeerIndex): Approach {
    return this.#all[this.#reached.get(peer) ?? 0] ?? PLAIN;
  }

  /** Whether a peer that was closed should be dialled another way: at once, when its turn comes again, or not. */
  triesAnother(before: PeerState, outcome: PeerOutcome): 'at once' | 'in turn' | null {
    const { peer: index, transport, reason } = outcome;
    const now = this.#reached.get(index) ?? 0;
    if (before.phase === 'dialing') {
      const next = this.#failedAtOnce(before.since, outcome) ? this.#overUtp(now) : -1;
      if (next < 0) return null;
      this.#goOn(next, outcome);
      return 'in turn';
    }
    if (before.phase !== 'handshaking' || before.incoming) return null;
    const next = HUNG_UP.has(reason.code) ? this.#after(now, transport) : undefined;
    // However it ended, no way was what it wanted: the next time begins as the first did.
    if (next === undefined) this.#reached.delete(index);
    else this.#goOn(next, outcome);
    return next === undefined ? null : 'at once';
  }

  /** What is told of a peer that is lost: of one that could not be reached over uTP, how it went over TCP. */
  ending(before: PeerState, outcome: PeerOutcome): PeerOutcome {
    const { peer, reason } = outcome;
    const overTcp = this.#overTcp.get(peer);
    this.#overTcp.delete(peer);
    const isOfNetwork = UNREACHED.has(reason.code) || reason.code === 'stopped';
    const isUnmade = before.phase === 'dialing' || before.phase === 'queued';
    if (overTcp === undefined || !isUnmade || !isOfNetwork) return outcome;
    this.#reached.delete(peer);
    return overTcp;
  }

  /** The shard stops: how it went with those whose second turn did not come. */
  get untold(): readonly PeerOutcome[] {
    return [...this.#overTcp.values()];
  }

  forget(peers: readonly PeerIndex[]): void {
    for (const peer of peers) {
      this.#reached.delete(peer);
      this.#overTcp.delete(peer);
    }
  }

  #goOn(next: number, outcome: PeerOutcome): void {
    this.#reached.set(outcome.peer, next);
    if (this.#all[next]?.utpOnly === true) this.#overTcp.set(outcome.peer, outcome);
  }

  /** TCP said no before uTP was tried beside it. */
  #failedAtOnce(since: number, { reason, timeline }: PeerOutcome): boolean {
    return UNREACHED.has(reason.code) && (timeline.closed ?? since) - since < UTP_HEAD_START_MS;
  }

  /** The same over uTP alone; -1 where there is none, or that is what was tried. */
  #overUtp(now: number): number {
    const { secure, utpOnly } = this.#all[now] ?? PLAIN;
    if (utpOnly) return -1;
    return this.#all.findIndex((approach) => approach.utpOnly && approach.secure === secure);
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
