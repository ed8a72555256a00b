/**
 * Who says the hashes of a plain file's pieces. With the hash of the whole file, every node makes those of its share, and the whole is
 * checked at the end. Without it one node, the _maker_, fetches everything from outside and makes them all. A node that needs a hash asks
 * for it.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { CLUSTER_STATE_MS, MAX_NODE_PIECES, PIECE_HASH_WAIT_MS } from '../../shared/limits.ts';
import type { Sayer } from '../torrent/learned-hashes.ts';
import type { PlainFile } from '../torrent/metainfo.ts';
import { Maker, type MakerHost } from './maker.ts';
import type { KnownHash, NodeSays } from './node-message.ts';
import type { Node, Nodes } from './nodes.ts';

/** Who may fetch from outside: all nodes their shares, or one alone. */
export type Fetchers = 'all' | 'us' | 'another';

interface VouchingHost extends MakerHost {
  /** It said a hash that is not that of what the source sends. */
  onWrong(sayer: Sayer): void;
}

export class Vouching {
  /** Null with the hash of the whole file: then all nodes make hashes. */
  readonly #maker: Maker | null;
  readonly #file: PlainFile;
  readonly #nodes: Pick<Nodes, 'alive'>;
  readonly #host: VouchingHost;
  readonly #ends: (() => void)[];
  #made: PieceIndex[] = [];
  /** Hashes that full pieces wait for, and since when. */
  readonly #wanted = new Map<PieceIndex, number>();
  #askedAt = 0;

  constructor(id: string, file: PlainFile, nodes: Pick<Nodes, 'alive'>, host: VouchingHost) {
    this.#maker = file.sha256 === null ? new Maker(id, nodes, host) : null;
    this.#file = file;
    this.#nodes = nodes;
    this.#host = host;
    const { hashes } = file;
    this.#ends = [
      hashes.onMade((piece) => this.#made.push(piece)),
      hashes.onLearned((piece) => this.#wanted.delete(piece)),
      hashes.onWanted((pieces) => this.#want(pieces)),
      hashes.onWrong((sayer) => host.onWrong(sayer)),
    ];
  }

  /** What the others are told of this node as a maker. */
  get making(): { readonly makesHashes: boolean; readonly resigned: number } {
    return { makesHashes: this.#maker?.isUs === true, resigned: this.#maker?.resigned ?? 0 };
  }

  get fetchers(): Fetchers {
    if (this.#maker === null) return 'all';
    return this.#maker.isUs ? 'us' : 'another';
  }

  /** This process did not run for so long. */
  woke(ms: number): void {
    this.#maker?.woke(ms);
  }

  /** Tells what was made, asks again for what is missing, and finds the maker. */
  look(): void {
    const now = this.#host.now();
    this.#maker?.look();
    for (let from = 0; from < this.#made.length; from += MAX_NODE_PIECES) {
      const known = this.#known(this.#made.slice(from, from + MAX_NODE_PIECES));
      for (const { link } of this.#nodes.alive) link?.say({ kind: 'hashes', known, by: null });
    }
    this.#made = [];
    for (const [piece, since] of this.#wanted)
      if (now - since >= PIECE_HASH_WAIT_MS) this.#wanted.delete(piece);
    if (this.#wanted.size > 0 && now - this.#askedAt >= CLUSTER_STATE_MS)
      this.#ask([...this.#wanted.keys()], now);
  }

  heard(node: Node, says: Extract<NodeSays, { kind: 'hashes' | 'want' }>): void {
    if (says.kind === 'want') return this.#answer(node, says.pieces);
    const sayer = says.by ?? { id: node.id, name: node.name };
    const { hashes } = this.#file;
    for (const { piece, hash } of says.known) {
      if (piece >= hashes.count || !this.#believes(node, piece)) continue;
      if (hashes.learn(piece, hash, sayer)) continue;
      this.#host.onNews(
        `cluster: ${sayer.name} says another hash for a piece than it was said before: the file has changed, or a node is wrong`,
      );
      if (this.#maker === null) hashes.dispute(piece, hash, sayer);
    }
  }

  /** What others made keeps their names. */
  #answer({ link }: Node, pieces: readonly PieceIndex[]): void {
    const { hashes } = this.#file;
    const bySayer = new Map<string, { readonly by: Sayer | null; readonly some: PieceIndex[] }>();
    for (const piece of pieces) {
      const sayer = piece < hashes.count ? hashes.sayerOf(piece) : null;
      const id = sayer?.id ?? '';
      const known = bySayer.get(id) ?? { by: id === '' ? null : sayer, some: [] };
      known.some.push(piece);
      bySayer.set(id, known);
    }
    for (const { by, some } of bySayer.values()) {
      const known = this.#known(some);
      if (known.length > 0) link?.say({ kind: 'hashes', known, by });
    }
  }

  /** A maker takes the word of others only for what they have from an earlier one. */
  #believes(node: Node, piece: PieceIndex): boolean {
    if (this.#maker === null) return true;
    if (this.#maker.isUs) return this.#wanted.has(piece);
    const { other = node } = this.#maker;
    return other === node;
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  #want(pieces: readonly PieceIndex[]): void {
    const now = this.#host.now();
    for (const piece of pieces) this.#wanted.set(piece, now);
    this.#ask(pieces, now);
  }

  #ask(pieces: readonly PieceIndex[], now: number): void {
    this.#askedAt = now;
    const maker = this.#maker?.other;
    const asked = maker === undefined ? this.#nodes.alive : [maker];
    for (const { link } of asked) link?.say({ kind: 'want', pieces: pieces.slice(0, MAX_NODE_PIECES) });
  }

  #known(pieces: readonly PieceIndex[]): KnownHash[] {
    const { hashes } = this.#file;
    return pieces.flatMap((piece) => {
      const hash = piece < hashes.count ? hashes.of(piece) : null;
      return hash === null ? [] : [{ piece, hash }];
    });
  }
}
