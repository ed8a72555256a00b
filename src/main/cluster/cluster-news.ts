/** Lines about the cluster for the user: each is told once, and not without end. */
import { MAX_CLUSTER_NEWS } from '../../shared/limits.ts';

export class ClusterNews {
  readonly #told = new Set<string>();
  readonly #tell: (text: string) => void;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  tell(text: string): void {
    if (this.#told.has(text) || this.#told.size >= MAX_CLUSTER_NEWS) return;
    this.#told.add(text);
    this.#tell(text);
  }
}
