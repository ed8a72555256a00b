/**
 * How each peer is dialled. With `prefer` the first try is plain, because that is one round trip faster. A peer that closes the
 * connection is tried again at once, encrypted, so neither kind of peer is lost. If it closes both over TCP, it is tried over uTP
 * alone: some clients listen on TCP but accept only uTP. A peer that TCP cannot reach is also tried over uTP alone, but it waits
 * for its turn. What worked is remembered.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { UTP_HEAD_START_MS } from '../../shared/limits.ts';
import type { Encryption, PeerAddress, PeerOutcome, TransportKind } from '../../shared/messages.ts';
import type { WireVersion } from '../peer/identity.ts';
import type { PeerState } from '../peer/peer-state.ts';

export interface Approach {
  /** Encrypted from the first byte. */
  readonly secure: boolean;
  readonly utpOnly: boolean;
  /** In which our handshake is (BEP 52); 1 if it is left out. */
  readonly version?: WireVersion;
}

export const PLAIN: Approach = { secure: false, utpOnly: false };

const SECRECIES: Readonly<Record<Encryption, readonly boolean[]>> = {
  prefer: [false, true],
  require: [true],
  off: [false],
};

const HUNG_UP: ReadonlySet<CloseCode> = new Set<CloseCode>(['closed-by-peer', 'reset']);
/** The reasons of a peer that could not be reached. */
const UNREACHED: ReadonlySet<CloseCode> = new Set<CloseCode>([
  'refused',
  'unreachable',
  'connect-failed',
  'connect-timeout',
  'reset',
]);

export class Approaches {
  readonly #all: readonly Approach[];
  /** The approach of each peer, as an index into `#all`; 0 if there is no entry. */
  readonly #reached = new Map<PeerIndex, number>();
  /** The outcome over TCP of peers that are tried over uTP now or later. */
  readonly #overTcp = new Map<PeerIndex, PeerOutcome>();

  /** They were connected over TCP before. */
  readonly #moved = new Set<PeerIndex>();

  readonly #isHybrid: () => boolean;
  /** These closed the connection in all ways with one info hash. */
  readonly #other = new Set<PeerIndex>();

  /** `isHybrid`: the torrent has two info hashes, and a peer may know one of them (BEP 52). */
  constructor(encryption: Encryption, utp: boolean, isHybrid: () => boolean = () => false) {
    this.#isHybrid = isHybrid;
    const ways = utp ? [false, true] : [false];
    this.#all = ways.flatMap((utpOnly) => SECRECIES[encryption].map((secure) => ({ secure, utpOnly })));
  }

  /** The approach for the next dial. */
  of({ peer, version2 = false }: Pick<PeerAddress, 'peer' | 'version2'>): Approach {
    const approach = this.#all[this.#reached.get(peer) ?? 0] ?? PLAIN;
    return { ...approach, version: version2 !== this.#other.has(peer) ? 2 : 1 };
  }

  /** Whether a peer that was closed should be dialled another way: at once, when its turn comes again, or not. */
  triesAnother(before: PeerState, outcome: PeerOutcome): 'at once' | 'in turn' | null {
    const { peer: index, reason } = outcome;
    const now = this.#reached.get(index) ?? 0;
    if (before.phase === 'dialing') {
      if (this.#moved.delete(index)) {
        this.#reached.delete(index);
        return 'at once';
      }
      const next = this.#failedAtOnce(before.since, outcome) ? this.#overUtp(now) : -1;
      if (next < 0) return null;
      this.#goOn(next, outcome);
      return 'in turn';
    }
    if (before.phase !== 'handshaking' || before.incoming) return null;
    if (HUNG_UP.has(reason.code)) return this.#another(now, outcome) ? 'at once' : null;
    this.#startAnew(index);
    return null;
  }

  /** It is connected over TCP, and its next dial is over uTP alone, encrypted or not as now. False if it has no such approach. */
  moveToUtp(peer: PeerIndex, transport: TransportKind): boolean {
    const next = this.#all.findIndex(({ secure, utpOnly }) => utpOnly && secure === (transport !== 'tcp'));
    if (next < 0) return false;
    this.#reached.set(peer, next);
    this.#moved.add(peer);
    return true;
  }

  /** The outcome to report for a lost peer: if uTP could not reach it either, its outcome over TCP. */
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

  /** When the shard stops: the outcomes over TCP of peers whose try over uTP did not come. */
  get untold(): readonly PeerOutcome[] {
    return [...this.#overTcp.values()];
  }

  /** It is reached, so how TCP ended does not matter any more. */
  connected(peer: PeerIndex): void {
    this.#overTcp.delete(peer);
  }

  /** How TCP ended with peers that are tried over uTP now or later. */
  get overTcp(): { readonly refusedTcp: number; readonly failedTcp: number; readonly hungUpTcp: number } {
    const counts = { refusedTcp: 0, failedTcp: 0, hungUpTcp: 0 };
    for (const { reason } of this.#overTcp.values()) {
      if (reason.stage !== 'dialing') counts.hungUpTcp += 1;
      else if (reason.code === 'refused') counts.refusedTcp += 1;
      else counts.failedTcp += 1;
    }
    return counts;
  }

  forget(peers: readonly PeerIndex[]): void {
    for (const peer of peers) {
      this.#reached.delete(peer);
      this.#overTcp.delete(peer);
      this.#moved.delete(peer);
      this.#other.delete(peer);
    }
  }

  /** The peer closed the connection. Over each transport, the other info hash of a hybrid has its turn after the first one. */
  #another(now: number, outcome: PeerOutcome): boolean {
    const { peer, transport } = outcome;
    const next = this.#after(now, transport);
    const way = this.#all[now]?.utpOnly;
    if (next !== undefined && this.#all[next]?.utpOnly === way) {
      this.#goOn(next, outcome);
      return true;
    }
    if (this.#isHybrid() && !this.#other.has(peer)) {
      this.#other.add(peer);
      this.#reached.set(
        peer,
        this.#all.findIndex(({ utpOnly }) => utpOnly === way),
      );
      return true;
    }
    this.#startAnew(peer);
    if (next !== undefined) this.#goOn(next, outcome);
    return next !== undefined;
  }

  #startAnew(peer: PeerIndex): void {
    this.#reached.delete(peer);
    this.#other.delete(peer);
  }

  #goOn(next: number, outcome: PeerOutcome): void {
    this.#reached.set(outcome.peer, next);
    if (this.#all[next]?.utpOnly === true) this.#overTcp.set(outcome.peer, outcome);
  }

  /** TCP failed before uTP was tried beside it. */
  #failedAtOnce(since: number, { reason, timeline }: PeerOutcome): boolean {
    return UNREACHED.has(reason.code) && (timeline.closed ?? since) - since < UTP_HEAD_START_MS;
  }

  /** The same approach over uTP alone; -1 if there is none, or if it was the one that was tried. */
  #overUtp(now: number): number {
    const { secure, utpOnly } = this.#all[now] ?? PLAIN;
    if (utpOnly) return -1;
    return this.#all.findIndex((approach) => approach.utpOnly && approach.secure === secure);
  }

  /** A peer that already closed the connection over uTP is not tried over uTP in the same way again. */
  #after(now: number, transport: TransportKind): number | undefined {
    const wasUtp = transport.startsWith('utp');
    for (let next = now + 1; next < this.#all.length; next++) {
      if (!(wasUtp && this.#all[next]?.utpOnly === true && this.#all[now]?.utpOnly === false)) return next;
    }
    return undefined;
  }
}
