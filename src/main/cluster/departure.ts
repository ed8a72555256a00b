/** When a node that has everything may leave the cluster, and who is not complete. */
import type { ClusterSettings } from './cluster-settings.ts';
import type { NodeAddresses } from './node-addresses.ts';
import type { Node, Nodes } from './nodes.ts';

export class Departure {
  readonly #settings: ClusterSettings;
  readonly #nodes: Nodes;
  readonly #addresses: NodeAddresses;
  readonly #now: () => number;
  #completeAt: number | null = null;
  #allSeen = 0;
  #isLeaving = false;

  constructor(settings: ClusterSettings, nodes: Nodes, addresses: NodeAddresses, now: () => number) {
    this.#settings = settings;
    this.#nodes = nodes;
    this.#addresses = addresses;
    this.#now = now;
  }

  /** This node has everything that it wants. */
  get isComplete(): boolean {
    return this.#completeAt !== null;
  }

  completed(): void {
    this.#completeAt ??= this.#now();
  }

  /** This complete node ends in order. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  leaves(): void {
    this.#isLeaving = this.isComplete;
  }

  /**
   * How many nodes were complete at one moment when those were all that there are, as this node saw it, or another one says; 0: nobody has.
   * It stays so when some die. And those that are not connected to all hear it, too.
   */
  allSeen(): number {
    const counted = this.#counted;
    const own = counted >= this.size ? counted : 0;
    this.#allSeen = Math.max(
      this.#allSeen,
      own,
      ...this.#nodes.alive.map(({ state }) => state?.allSeen ?? 0),
    );
    return this.#allSeen;
  }

  /** The others need this complete node no longer, or have had their time. `isOfUs`: a node wants the same as this one. */
  mayLeave(isOfUs: (node: Node) => boolean): boolean {
    if (this.#isTimedOut) return true;
    const { wait } = this.#settings;
    const areAll = this.#areAllComplete;
    // A last word may be lost with its connection, so each node must have said that it heard ours, and that all are complete.
    const needsUs = ({ isComplete, state }: Node): boolean =>
      !isComplete || state?.seesComplete !== true || (wait && areAll && state.allSeen < this.size);
    if (this.#nodes.alive.some((node) => isOfUs(node) && needsUs(node))) return false;
    // Nobody says any more how far a node is that is let in no more: it is not waited for, and the run fails with its name.
    const lost = this.#nodes.barred.filter((node) => !node.counts).length;
    return !wait || areAll || (this.isComplete && this.complete + lost >= this.size);
  }

  /** Why a run that waits for all nodes has failed; null if it has not. */
  get failure(): string | null {
    if (!this.#settings.wait || this.#areAllComplete) return null;
    const { missing } = this;
    const names = missing.length === 0 ? '' : `; not complete: ${missing.join(', ')}`;
    return `cluster: ${this.complete} of ${this.size} nodes are complete${names}`;
  }

  /** Nodes that are complete, or were when they left, with this one. */
  get complete(): number {
    return Math.max(this.#counted, Math.min(this.allSeen(), this.size));
  }

  /** How many nodes there are, with this one, as far as it is known. */
  get size(): number {
    const { size, nodes } = this.#settings;
    // A list may leave out the node that has it.
    const named = nodes.length === 0 || this.#addresses.hasUs ? nodes.length : nodes.length + 1;
    return Math.max(size === 0 ? named : size, this.#nodes.alive.length + 1);
  }

  /** By the names of the list; without a list, those that are connected, and those that are let in no more. */
  get missing(): readonly string[] {
    if (this.#settings.nodes.length > 0)
      return this.#addresses.missing((keys) => this.#nodes.completeAt(keys));
    const known = new Set([...this.#nodes.alive, ...this.#nodes.barred]);
    return [...known].filter(({ counts }) => !counts).map(({ name }) => name);
  }

  /** The node that was complete last, once all are; `us`: the name of this one. */
  slowest(us: string): string | null {
    if (!this.#areAllComplete) return null;
    let [name, at] = [us, this.#completeAt ?? 0];
    for (const node of this.#nodes.all) if (node.completeAt > at) [name, at] = [node.name, node.completeAt];
    return name;
  }

  get #counted(): number {
    return this.#nodes.all.filter(({ counts }) => counts).length + Number(this.isComplete);
  }

  get #areAllComplete(): boolean {
    return this.isComplete && this.allSeen() >= this.size;
  }

  get #isTimedOut(): boolean {
    const { timeout } = this.#settings;
    return timeout > 0 && this.#completeAt !== null && this.#now() - this.#completeAt >= timeout;
  }
}
