/** The pieces, once the torrent is known: which nodes have a share, which pieces nodes have, what this node fetches, which node it asks for work. */
import { createHash } from 'node:crypto';
import type { Geometry } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { CLUSTER_STATE_MS, HANDOVER_MS } from '../../shared/limits.ts';
import { type KeptFiles, keptPieces } from '../storage/kept-pieces.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import { Couriers } from './couriers.ts';
import { InsidePieces } from './inside-pieces.ts';
import { LineRate } from './line-rate.ts';
import type { Node } from './nodes.ts';
import { type Outlook, OutsideWork, type WorkLedger } from './outside-work.ts';
import { Shares } from './shares.ts';
import { StallWatch } from './stall-watch.ts';
import type { Fetchers } from './vouching.ts';

/** A node that needs longer for what it is fetching asks for no more. */
const BUSY_ENOUGH_MS = 4 * HANDOVER_MS;
const ASKED_AT_ONCE = 8;

/** `wanted`: 1 for each piece that this node wants. */
export type SharedPlan = KeptFiles & Pick<StoragePlan, 'wanted'>;

export class Sharing {
  /** Names the pieces that this node wants. */
  readonly wants: string;
  readonly #pieceLength: number;
  readonly #shares: Shares;
  readonly #inside: InsidePieces;
  readonly #couriers: Couriers;
  readonly #work: OutsideWork;
  readonly #stall = new StallWatch();
  readonly #line = new LineRate();
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `id`: of this node, in hex. `plan`: what of the torrent it wants. */
  constructor(id: string, ledger: WorkLedger, geometry: Geometry, plan: SharedPlan) {
    const { pieceLength } = geometry;
    this.wants = createHash('sha256').update(plan.wanted).digest('hex').slice(0, 16);
    this.#pieceLength = pieceLength;
    this.#shares = new Shares(id, ledger.pieceCount);
    this.#inside = new InsidePieces(ledger.pieceCount);
    this.#couriers = new Couriers(id, ledger.pieceCount, this.#shares, this.#inside);
    const kept = keptPieces(plan, geometry);
    this.#work = new OutsideWork(ledger, this.#shares, this.#inside, this.#couriers, pieceLength, kept);
  }

  get outlook(): Outlook {
    return this.#work.outlook;
  }

  /** This node is fetching pieces from outside, or may begin some. */
  get needsOutside(): boolean {
    const { free, edges } = this.#work.outlook;
    return free.length + edges.free.length + this.#inWork > 0;
  }

  /** Bytes per second that the line to the outside could bring. */
  get bytesPerS(): number {
    return this.#line.capacity;
  }

  /** A living node said how far it is. It has a share from the moment when it says that it wants what we want: before, it may be looking at its disk. */
  heard({ id, state }: Node, now: number): void {
    if (state !== null) this.#couriers.heard(id, state.nodeBytes, now);
    const isShared = state !== null && state.wants === this.wants;
    // A node that wants other files hands nothing over, so nothing is left to it.
    this.#inside.busyWith(id, isShared ? state.busy : []);
    if (isShared) return this.#shares.join(id);
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
    this.#couriers.lost(id);
    this.#work.lost(id);
  }

  /** For a node that has nothing left. */
  give({ id, state }: Node, bytesPerS: number, now: number): PieceIndex[] {
    const isShared = this.#work.fetchers === 'all' && state?.wants === this.wants;
    return isShared ? this.#work.give(id, bytesPerS, this.bytesPerS, now) : [];
  }

  /** The answer of a node that was asked. */
  take(pieces: readonly PieceIndex[]): void {
    this.#work.take(pieces);
    if (pieces.length > 0) this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  /** This process did not run for a while. */
  woke(): void {
    this.#stall.restart();
    this.#line.restart();
  }

  /** Who fetches from outside from now on. */
  set fetchers(fetchers: Fetchers) {
    this.#work.fetchers = fetchers;
  }

  /** `bytes`: that have arrived so far, in all and from outside. Returns the nodes to ask for work, if there is none here. */
  look(
    bytes: { readonly all: number; readonly outside: number },
    nodes: readonly Node[],
    now: number,
  ): readonly Node[] {
    this.#line.sample(bytes.outside, this.#inWork > 0, now);
    const isStalled = this.#stall.look(bytes.all, this.#line.average, now);
    this.#work.look(now, isStalled && nodes.length > 0);
    const { free, edges, isNeeded } = this.#work.outlook;
    if (this.#work.fetchers !== 'all') return [];
    if (free.length + edges.free.length > 0 || !isNeeded || now - this.#askedAt < CLUSTER_STATE_MS) return [];
    // A slow node would only hold up what it is given.
    if (this.#inWork * this.#pieceLength * 1_000 > this.bytesPerS * BUSY_ENOUGH_MS) return [];
    const asked = this.#slowest(nodes);
    if (asked.length > 0) this.#askedAt = now;
    return asked;
  }

  /** Pieces that are being fetched from outside. */
  get #inWork(): number {
    const { busy, edges } = this.#work.outlook;
    return busy.length + edges.busy.length;
  }

  /** The nodes that need longest for what they have left: as many as have work for the next while. */
  #slowest(nodes: readonly Node[]): readonly Node[] {
    const piecesOf = ({ state }: Node): number =>
      state === null || state.wants !== this.wants ? 0 : state.left + state.busy.length / 2;
    const needsOf = (node: Node): number => piecesOf(node) / Math.max(1, node.state?.bytesPerS ?? 0);
    const slowest = nodes.filter((node) => piecesOf(node) > 0).sort((a, b) => needsOf(b) - needsOf(a));
    const asked: Node[] = [];
    let wanted = (this.bytesPerS * HANDOVER_MS) / 1_000 / this.#pieceLength;
    for (const node of slowest.slice(0, ASKED_AT_ONCE)) {
      asked.push(node);
      wanted -= piecesOf(node);
      if (wanted <= 0) break;
    }
    return asked;
  }
}
