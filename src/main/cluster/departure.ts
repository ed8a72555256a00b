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

  /** The others need this complete node no longer, or have had their time. `isOfUs`: a node wants the same as this one. */
  mayLeave(isOfUs: (node: Node) => boolean): boolean {
    if (this.#isTimedOut) return true;
    // A last word may be lost with its connection, so each node must have said that it heard ours.
    const needsUs = (node: Node): boolean => !node.isComplete || node.state?.seesComplete !== true;
    if (this.#nodes.alive.some((node) => isOfUs(node) && needsUs(node))) return false;
    // Nobody says any more how far a node is that is let in no more: it is not waited for, and the run fails with its name.
    const lost = this.#nodes.barred.filter((node) => !node.isComplete).length;
    return !this.#settings.wait || (this.isComplete && this.complete + lost >= this.size);
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
    return this.#nodes.all.filter(({ isComplete }) => isComplete).length + Number(this.isComplete);
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
    return [...known].filter(({ isComplete }) => !isComplete).map(({ name }) => name);
  }

  /** The node that was complete last, once all are; `us`: the name of this one. */
  slowest(us: string): string | null {
    if (!this.#areAllComplete) return null;
    let [name, at] = [us, this.#completeAt ?? 0];
    for (const node of this.#nodes.all) if (node.completeAt > at) [name, at] = [node.name, node.completeAt];
    return name;
  }

  get #areAllComplete(): boolean {
    return this.isComplete && this.complete >= this.size;
  }

  get #isTimedOut(): boolean {
    const { timeout } = this.#settings;
    return timeout > 0 && this.#completeAt !== null && this.#now() - this.#completeAt >= timeout;
  }
}
