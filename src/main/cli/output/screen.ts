/** The lines at the bottom of a terminal that are redrawn in place: one block for each run in progress. */
import type { createLogUpdate } from 'log-update';

/** The space for a block. */
export interface BlockSize {
  readonly columns: number;
  readonly rows: number;
}
/** Lines without control characters, except those of our own colours. */
export type Block = (size: BlockSize) => readonly string[];

/** For a terminal that does not report its size. */
const USUAL_COLUMNS = 80;
const USUAL_ROWS = 24;

export class Screen {
  readonly #terminal: NodeJS.WriteStream;
  /** By owner, in the order of their first lines. */
  readonly #blocks = new Map<object, Block>();
  /** Null until it is loaded. */
  #redraw: ReturnType<typeof createLogUpdate> | null = null;

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
    void this.#load();
  }

  show(owner: object, block: Block): void {
    this.#blocks.set(owner, block);
    this.#draw();
  }

  remove(owner: object): void {
    if (!this.#blocks.delete(owner)) return;
    this.#redraw?.clear();
    this.#draw();
  }

  /** Writes lines that stay, above the blocks. */
  above(write: () => void): void {
    this.#redraw?.clear();
    write();
    this.#draw();
  }

  #draw(): void {
    if (this.#blocks.size === 0 || this.#redraw === null) return;
    const { columns = USUAL_COLUMNS, rows = USUAL_ROWS } = this.#terminal;
    // A block that is higher than the terminal could not be erased. One line is left for the cursor.
    const each = Math.max(1, Math.floor((rows - 1) / this.#blocks.size));
    const lines = [...this.#blocks.values()].flatMap((block) =>
      block({ columns, rows: each }).slice(0, each),
    );
    this.#redraw(lines.slice(0, rows - 1).join('\n'));
  }

  /** Loaded on a terminal only. The first quarter of a second has nothing to show, so a late load does no harm. */
  async #load(): Promise<void> {
    const { createLogUpdate } = await import('log-update');
    this.#redraw = createLogUpdate(this.#terminal, { showCursor: true });
  }
}
