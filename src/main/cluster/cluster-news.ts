/** Lines about the cluster for the user: each is told once, and not without end. What strangers cause hides nothing of the nodes. */
import { MAX_CLUSTER_NEWS, MAX_CLUSTER_NODES } from '../../shared/limits.ts';

export class ClusterNews {
  readonly #told = new Set<string>();
  #ofStrangers = 0;
  readonly #tell: (text: string) => void;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  tell(text: string): void {
    // About one line for each node.
    if (this.#told.has(text) || this.#told.size >= MAX_CLUSTER_NODES) return;
    this.#told.add(text);
    this.#tell(text);
  }

  /** Somebody who may be no node of ours caused it. */
  tellOfStranger(text: string): void {
    if (this.#told.has(text) || this.#ofStrangers >= MAX_CLUSTER_NEWS) return;
    this.#ofStrangers += 1;
    this.tell(text);
  }
}
