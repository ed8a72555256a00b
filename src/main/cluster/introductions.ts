/**
 * Nodes name each other to each other, so one that is known to all is enough. What is new of some is told at a look, in one message for
 * all: dozens may start together, and a node that has not let us in yet hears only a few messages.
 */
import type { NodeLink } from './node-link.ts';
import type { Node, Nodes } from './nodes.ts';

/** Of one message: a frame of an extended message has 32 KiB. */
const NODES_AT_ONCE = 100;

export class Introductions {
  readonly #nodes: Pick<Nodes, 'all' | 'alive'>;
  readonly #untold = new Set<Node>();

  constructor(nodes: Pick<Nodes, 'all' | 'alive'>) {
    this.#nodes = nodes;
  }

  /** A node that has just been let in hears of all others. */
  welcome(node: Node, link: NodeLink): void {
    introduce(this.#nodes.all, node, link);
  }

  /** There is something new of a node. Others may not be connected to it. */
  add(node: Node): void {
    this.#untold.add(node);
  }

  tell(): void {
    if (this.#untold.size === 0) return;
    for (const other of this.#nodes.alive)
      if (other.link !== null) introduce([...this.#untold], other, other.link);
    this.#untold.clear();
  }
}

function introduce(nodes: readonly Node[], to: Node, link: NodeLink): void {
  const others = nodes.filter((one) => one !== to);
  for (let from = 0; from < others.length; from += NODES_AT_ONCE)
    link.say({ kind: 'nodes', nodes: others.slice(from, from + NODES_AT_ONCE).map(({ known }) => known) });
}
