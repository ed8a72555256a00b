/**
 * Who says the hashes of a plain file's pieces. With the hash of the whole file, every node makes those of its share, and the whole is
 * checked at the end. Without it one node, the _maker_, fetches everything from outside and makes them all; if it is lost, another one
 * goes on. A node that needs a hash asks for it.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { CLUSTER_STATE_MS, MAKER_WAIT_MS, MAX_NODE_PIECES, PIECE_HASH_WAIT_MS } from '../../shared/limits.ts';
import type { PlainFile } from '../torrent/metainfo.ts';
import type { KnownHash, NodeSays } from './node-message.ts';
import type { Node, Nodes } from './nodes.ts';

/** Who may fetch from outside: all nodes their shares, or one alone. */
export type Fetchers = 'all' | 'us' | 'another';

interface VouchingHost {
  now(): number;
  /** It wants what this node wants, and is not complete. */
  isCandidate(node: Node): boolean;
  onNews(text: string): void;
}

export class Vouching {
  /** Of this node, in hex. */
  readonly #id: string;
  readonly #file: PlainFile;
  readonly #nodes: Pick<Nodes, 'alive'>;
  readonly #host: VouchingHost;
  readonly #begun: number;
  readonly #ends: (() => void)[];
  #isMaker = false;
  /** The last one that was told of; it may be this node. */
  #maker: { readonly id: string; readonly name: string } | null = null;
  #made: PieceIndex[] = [];
  /** Hashes that full pieces wait for, and since when. */
  readonly #wanted = new Map<PieceIndex, number>();
  #askedAt = 0;

  constructor(id: string, file: PlainFile, nodes: Pick<Nodes, 'alive'>, host: VouchingHost) {
    this.#id = id;
    this.#file = file;
    this.#nodes = nodes;
    this.#host = host;
    this.#begun = host.now();
    const { hashes } = file;
    this.#ends = [
      hashes.onMade((piece) => this.#made.push(piece)),
      hashes.onLearned((piece) => this.#wanted.delete(piece)),
      hashes.onWanted((pieces) => this.#want(pieces)),
    ];
  }

  get isMaker(): boolean {
    return this.#isMaker;
  }

  get fetchers(): Fetchers {
    if (this.#file.sha256 !== null) return 'all';
    return this.#isMaker ? 'us' : 'another';
  }

  /** Tells what was made, asks again for what is missing, and finds the maker. */
  look(): void {
    const now = this.#host.now();
    if (this.#file.sha256 === null) this.#elect(now);
    for (let from = 0; from < this.#made.length; from += MAX_NODE_PIECES) {
      const known = this.#known(this.#made.slice(from, from + MAX_NODE_PIECES));
      for (const { link } of this.#nodes.alive) link?.say({ kind: 'hashes', known });
    }
    this.#made = [];
    for (const [piece, since] of this.#wanted)
      if (now - since >= PIECE_HASH_WAIT_MS) this.#wanted.delete(piece);
    if (this.#wanted.size > 0 && now - this.#askedAt >= CLUSTER_STATE_MS)
      this.#ask([...this.#wanted.keys()], now);
  }

  heard(node: Node, says: Extract<NodeSays, { kind: 'hashes' | 'want' }>): void {
    if (says.kind === 'want') {
      const known = this.#known(says.pieces);
      if (known.length > 0) node.link?.say({ kind: 'hashes', known });
      return;
    }
    for (const { piece, hash } of says.known) {
      if (!this.#believes(node, piece)) continue;
      if (piece >= this.#file.hashes.count || this.#file.hashes.learn(piece, hash)) continue;
      this.#host.onNews(
        `cluster: ${node.name} says another hash for a piece than it was said before: the file has changed, or a node is wrong`,
      );
    }
  }

  /** A maker takes the word of others only for what they have from an earlier one. */
  #believes(node: Node, piece: PieceIndex): boolean {
    if (this.#file.sha256 !== null) return true;
    if (this.#isMaker) return this.#wanted.has(piece);
    const maker = this.#livingMaker;
    return maker === undefined || maker === node;
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
    const maker = this.#livingMaker;
    const asked = this.#file.sha256 === null && maker !== undefined ? [maker] : this.#nodes.alive;
    for (const { link } of asked) link?.say({ kind: 'want', pieces: pieces.slice(0, MAX_NODE_PIECES) });
  }

  #known(pieces: readonly PieceIndex[]): KnownHash[] {
    const { hashes } = this.#file;
    return pieces.flatMap((piece) => {
      const hash = piece < hashes.count ? hashes.of(piece) : null;
      return hash === null ? [] : [{ piece, hash }];
    });
  }

  get #livingMaker(): Node | undefined {
    const makers = this.#nodes.alive.filter(({ state }) => state?.makesHashes === true);
    return makers.sort((a, b) => (a.id < b.id ? -1 : 1))[0];
  }

  /** Nodes that have begun before they met: the one with the lowest id goes on. */
  #elect(now: number): void {
    const maker = this.#livingMaker;
    if (maker !== undefined) {
      if (this.#isMaker && this.#id < maker.id) return;
      this.#isMaker = false;
      return this.#tell(maker);
    }
    // Others may be on their way.
    if (this.#isMaker || now - this.#begun < MAKER_WAIT_MS) return;
    const isLower = (node: Node): boolean => node.id < this.#id && this.#host.isCandidate(node);
    if (this.#nodes.alive.some((node) => node.isComplete || isLower(node))) return;
    this.#isMaker = true;
    this.#tell({ id: this.#id, name: 'this node' });
  }

  #tell({ id, name }: { readonly id: string; readonly name: string }): void {
    if (this.#maker?.id === id) return;
    const before = this.#maker;
    this.#maker = { id, name };
    const isLost = before !== null && !this.#nodes.alive.some((node) => node.id === before.id);
    if (before === null)
      this.#host.onNews(
        `cluster: ${name} fetches the file and makes the hashes of its pieces, and nothing else says that they are right; with --sha256 all nodes share the work`,
      );
    else
      this.#host.onNews(
        `cluster: ${before.name} ${isLost ? 'is gone' : 'makes no more hashes'}: ${name} fetches the rest and makes its hashes`,
      );
  }
}
