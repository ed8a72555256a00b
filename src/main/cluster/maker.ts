/**
 * Which node is the _maker_ of a plain file without the hash of the whole: the one that fetches everything from outside and makes the
 * hashes. The first candidate becomes it when there is none. It resigns if its source gives nothing and another node may try; then it is
 * the last candidate, so all take turns if nobody gets anything.
 */
import { MAKER_WAIT_MS, NODE_SILENCE_MS } from '../../shared/limits.ts';
import type { Node, Nodes } from './nodes.ts';
import { SourceWatch } from './source-watch.ts';

export interface MakerHost {
  now(): number;
  /** It wants what this node wants, and is not complete. */
  isCandidate(node: Node): boolean;
  /** The bytes from outside so far, and whether this node needs more from there, if it is the maker. `lacks`: pieces are missing that no living node has. */
  outside(): { readonly bytes: number; readonly isNeeded: boolean; readonly lacks: boolean };
  onNews(text: string): void;
}

/** Of a candidate. The first one has the lowest: those that never resigned, then the one that resigned first. */
interface Rank {
  readonly id: string;
  readonly resigned: number;
}

export class Maker {
  /** Of this node, in hex. */
  readonly #id: string;
  readonly #nodes: Pick<Nodes, 'alive'>;
  readonly #host: MakerHost;
  #since: number;
  /** Since when pieces are missing that no living node has; null if there are none. */
  #lacksSince: number | null = null;
  #isUs = false;
  #resigned = 0;
  #watch = new SourceWatch();
  /** The last one that was told of; it may be this node. */
  #told: (Rank & { readonly name: string }) | null = null;

  constructor(id: string, nodes: Pick<Nodes, 'alive'>, host: MakerHost) {
    this.#id = id;
    this.#nodes = nodes;
    this.#host = host;
    this.#since = host.now();
  }

  get isUs(): boolean {
    return this.#isUs;
  }

  /** 0: this node never resigned. Else its place among all that did: each takes a number above all that it knows. */
  get resigned(): number {
    return this.#resigned;
  }

  /** Another node that is one, and lives: one that fetches before one that is complete. */
  get other(): Node | undefined {
    const { alive } = this.#nodes;
    const first = (makers: Node[]): Node | undefined =>
      makers.sort((a, b) => (isBefore(rankOf(a), rankOf(b)) ? -1 : 1))[0];
    const makers = alive.filter(({ state }) => state?.makesHashes === true);
    return first(makers.filter(({ isComplete }) => !isComplete)) ?? first(makers);
  }

  look(): void {
    const { other } = this;
    // Nodes that have begun before they met: the first candidate goes on. One that is complete fetches no more.
    const yields = other?.isComplete === false && isBefore(rankOf(other), this.#rank);
    if (yields) this.#isUs = false;
    if (this.#isUs) return this.#lookAtSource();
    const mayHelp = this.#mayHelp();
    if (other !== undefined && mayHelp(other)) return this.#tell({ ...rankOf(other), name: other.name });
    // Others may be on their way.
    if (this.#host.now() - this.#since < MAKER_WAIT_MS) return;
    const isFirst = (node: Node): boolean =>
      this.#host.isCandidate(node) && isBefore(rankOf(node), this.#rank);
    if (this.#nodes.alive.some((node) => (node.isComplete && mayHelp(node)) || isFirst(node))) return;
    this.#isUs = true;
    this.#watch = new SourceWatch();
    this.#tell({ ...this.#rank, name: 'this node' });
  }

  /** This process did not run for so long. Another node may have become the maker meanwhile, so it is heard first, as at the start. */
  woke(ms: number): void {
    this.#watch.restart();
    if (!this.#isUs || ms < NODE_SILENCE_MS) return;
    this.#isUs = false;
    this.#since = this.#host.now();
  }

  /**
   * Whether a node, as a maker or because it has everything, brings what is missing. A complete one that cannot read its file does not:
   * then pieces are missing that no living node has. It is heard that it is complete before it is heard what it has.
   */
  #mayHelp(): (node: Node) => boolean {
    const now = this.#host.now();
    this.#lacksSince = this.#host.outside().lacks ? (this.#lacksSince ?? now) : null;
    const lacks = this.#lacksSince !== null && now - this.#lacksSince >= NODE_SILENCE_MS;
    return ({ isComplete }) => !isComplete || !lacks;
  }

  get #rank(): Rank {
    return { id: this.#id, resigned: this.#resigned };
  }

  #lookAtSource(): void {
    const { bytes, isNeeded } = this.#host.outside();
    if (!isNeeded) return this.#watch.restart();
    if (!this.#watch.isDry(bytes, this.#host.now())) return;
    const { alive } = this.#nodes;
    if (!alive.some((node) => this.#host.isCandidate(node))) return;
    this.#isUs = false;
    this.#resigned = 1 + Math.max(this.#resigned, ...alive.map((node) => rankOf(node).resigned));
  }

  #tell(maker: Rank & { readonly name: string }): void {
    const before = this.#told;
    if (before?.id === maker.id) return;
    this.#told = maker;
    if (before === null)
      return this.#host.onNews(
        `cluster: ${maker.name} fetches the file and makes the hashes of its pieces, and nothing else says that they are right; with --sha256 all nodes share the work`,
      );
    this.#host.onNews(
      `cluster: ${before.name} ${this.#fateOf(before)}: ${maker.name} fetches the rest and makes its hashes`,
    );
  }

  /** Why it is the maker no more. */
  #fateOf({ id, resigned }: Rank): string {
    const node = this.#nodes.alive.find((one) => one.id === id);
    if (node?.isComplete === true) return 'does not give all that it has';
    const now = id === this.#id ? this.#rank : node && rankOf(node);
    if (now === undefined) return 'is gone';
    return now.resigned > resigned ? 'receives next to nothing from the source' : 'makes no more hashes';
  }
}

function rankOf({ id, state }: Node): Rank {
  return { id, resigned: state?.resigned ?? 0 };
}

function isBefore(one: Rank, other: Rank): boolean {
  return one.resigned === other.resigned ? one.id < other.id : one.resigned < other.resigned;
}
