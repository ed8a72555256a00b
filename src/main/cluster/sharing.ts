/** The pieces, once the torrent is known: which nodes have a share, which pieces nodes have, what this node fetches, which node it asks for work. */
import { createHash } from 'node:crypto';
import type { PieceIndex } from '../../shared/indices.ts';
import { CLUSTER_STATE_MS } from '../../shared/limits.ts';
import { RateMeter } from '../download/rate-meter.ts';
import { InsidePieces } from './inside-pieces.ts';
import type { Node } from './nodes.ts';
import { type Outlook, OutsideWork, type WorkLedger } from './outside-work.ts';
import { Shares } from './shares.ts';
import { StallWatch } from './stall-watch.ts';
import type { Fetchers } from './vouching.ts';

export class Sharing {
  /** Names the pieces that this node wants. */
  readonly wants: string;
  readonly #pieceLength: number;
  readonly #shares: Shares;
  readonly #inside: InsidePieces;
  readonly #work: OutsideWork;
  readonly #stall: StallWatch;
  readonly #rate = new RateMeter();
  /** Bytes per second from outside when there was something to fetch there. */
  #bytesPerS = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `id`: of this node, in hex. `wanted`: 1 for each piece that it wants. */
  constructor(id: string, ledger: WorkLedger, pieceLength: number, wanted: Uint8Array, now: number) {
    this.wants = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
    this.#pieceLength = pieceLength;
    this.#shares = new Shares(id, ledger.pieceCount);
    this.#inside = new InsidePieces(ledger.pieceCount);
    this.#work = new OutsideWork(ledger, this.#shares, this.#inside, pieceLength);
    this.#stall = new StallWatch(now);
  }

  get outlook(): Outlook {
    return this.#work.outlook;
  }

  /** This node is fetching pieces from outside, or may begin some. */
  get needsOutside(): boolean {
    const { free, busy } = this.#work.outlook;
    return free.length + busy.length > 0;
  }

  get bytesPerS(): number {
    return this.#bytesPerS;
  }

  /** A living node said how far it is. It has a share from the moment when it says that it wants what we want: before, it may be looking at its disk. */
  heard({ id, state }: Node): void {
    this.#inside.busyWith(id, state?.busy ?? []);
    if (state !== null && state.wants === this.wants) return this.#shares.join(id);
    this.#shares.leave(id);
    this.#work.lost(id);
  }

  /** What a living node has. */
  has({ id, bits }: Node): void {
    if (bits !== null) this.#inside.told(id, bits);
  }

  lost({ id }: Node): void {
    this.#shares.leave(id);
    this.#inside.lost(id);
    this.#work.lost(id);
  }

  /** For a node that has nothing left. */
  give({ id, state }: Node, bytesPerS: number, now: number): PieceIndex[] {
    const isShared = this.#work.fetchers === 'all' && state?.wants === this.wants;
    return isShared ? this.#work.give(id, bytesPerS, this.#bytesPerS, now) : [];
  }

  /** The answer of a node that was asked. */
  take(pieces: readonly PieceIndex[]): void {
    this.#work.take(pieces);
    if (pieces.length > 0) this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  /** Who fetches from outside from now on. */
  set fetchers(fetchers: Fetchers) {
    this.#work.fetchers = fetchers;
  }

  /** `bytes`: that have arrived so far, in all and from outside. Returns the node to ask for work, if there is none here. */
  look(
    bytes: { readonly all: number; readonly outside: number },
    nodes: readonly Node[],
    now: number,
  ): Node | null {
    this.#rate.sample(bytes.outside, now);
    const rate = Math.max(0, this.#rate.perSecond);
    const isStalled = this.#stall.look(bytes.all, rate, now);
    this.#work.look(now, isStalled && nodes.length > 0);
    const { free, busy, isNeeded } = this.#work.outlook;
    if (busy.length > 0) this.#bytesPerS = rate;
    if (this.#work.fetchers !== 'all') return null;
    if (free.length > 0 || !isNeeded || now - this.#askedAt < CLUSTER_STATE_MS) return null;
    const slowest = this.#slowest(nodes);
    if (slowest !== null) this.#askedAt = now;
    return slowest;
  }

  /** The node that needs longest for what it has left. */
  #slowest(nodes: readonly Node[]): Node | null {
    let slowest: Node | null = null;
    let longest = 0;
    for (const node of nodes) {
      if (node.state?.wants !== this.wants) continue;
      const { left, busy, bytesPerS } = node.state;
      const needs = ((left + busy.length / 2) * this.#pieceLength) / Math.max(1, bytesPerS);
      if (needs <= longest) continue;
      longest = needs;
      slowest = node;
    }
    return slowest;
  }
}
