/** The blocks that one peer has requested from us, in the order of its requests. */

/** A requested stretch of a piece, in bytes. */
export interface RequestedBlock {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

export class BlockQueue {
  #blocks: RequestedBlock[] = [];
  /** Those before it are sent. */
  #head = 0;

  get size(): number {
    return this.#blocks.length - this.#head;
  }

  get first(): RequestedBlock | null {
    return this.#blocks[this.#head] ?? null;
  }

  /** The next blocks, at most `most`. */
  ahead(most: number): readonly RequestedBlock[] {
    return this.#blocks.slice(this.#head, this.#head + most);
  }

  add(block: RequestedBlock): void {
    this.#blocks.push(block);
  }

  shift(): void {
    this.#head += 1;
    if (this.#head < this.#blocks.length && this.#head < 64) return;
    this.#blocks = this.#blocks.slice(this.#head);
    this.#head = 0;
  }

  /** The peer takes a request back. False if it is not in the queue (any more). */
  cancel({ piece, begin, length }: RequestedBlock): boolean {
    for (let at = this.#head; at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as RequestedBlock;
      if (block.piece !== piece || block.begin !== begin || block.length !== length) continue;
      this.#blocks.splice(at, 1);
      return true;
    }
    return false;
  }

  /** Removes all, except those that `stays`, and returns what was removed. */
  clear(stays: (block: RequestedBlock) => boolean = () => false): readonly RequestedBlock[] {
    const blocks = this.ahead(this.size);
    this.#blocks = blocks.filter(stays);
    this.#head = 0;
    return blocks.filter((block) => !stays(block));
  }
}
