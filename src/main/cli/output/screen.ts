/** The lines at the bottom of a terminal that are redrawn in place: one block for each run in progress. */
import type { createLogUpdate } from 'log-update';
import { cutTo } from '../../text/columns.ts';
import { standingAt } from './job-control.ts';
import type { LiveKeys } from './live-keys.ts';
import { breaksLines, rowsOf } from './reflow.ts';
import { Suspension } from './suspension.ts';

/** The space for a block. */
export interface BlockSize {
  readonly columns: number;
  readonly rows: number;
}
/** Lines without control characters, except those of our own colours. */
export type Block = (size: BlockSize) => readonly string[];

const STDERR = 2;

export class Screen {
  readonly #terminal: NodeJS.WriteStream;
  /** Null if no key has a meaning. */
  readonly #keys: LiveKeys | null;
  /** By owner, in the order of their first lines. */
  readonly #blocks = new Map<object, Block>();
  /** Null until it is loaded. */
  #redraw: ReturnType<typeof createLogUpdate> | null = null;
  /** What stands on the terminal, and how wide it was then. */
  #drawn: { readonly lines: readonly string[]; readonly columns: number } | null = null;
  readonly #suspension = new Suspension({
    onStop: () => {
      this.#clear();
      this.#keys?.rest();
    },
    onGoOn: () => {
      // Others have written to the terminal meanwhile.
      this.#redraw?.done();
      this.#drawn = null;
      this.#keys?.resumed();
      this.#attend();
      this.#draw();
    },
  });
  readonly #drawAnew = (): void => this.#draw();

  constructor(terminal: NodeJS.WriteStream, keys: LiveKeys | null) {
    this.#terminal = terminal;
    this.#keys = keys;
    void this.#load();
  }

  show(owner: object, block: Block): void {
    if (this.#blocks.size === 0) this.#terminal.on('resize', this.#drawAnew);
    this.#blocks.set(owner, block);
    this.#attend();
    this.#draw();
  }

  remove(owner: object): void {
    if (!this.#blocks.delete(owner)) return;
    this.#clear();
    if (this.#blocks.size > 0) return this.#draw();
    this.#terminal.off('resize', this.#drawAnew);
    this.#suspension.release();
    this.#keys?.rest();
  }

  /** Writes lines that stay, above the blocks. */
  above(write: () => void): void {
    this.#clear();
    write();
    this.#draw();
  }

  #attend(): void {
    this.#suspension.watch();
    this.#keys?.listen(this.#drawAnew);
  }

  #clear(): void {
    this.#forgetReflowed();
    this.#redraw?.clear();
    this.#drawn = null;
  }

  #draw(): void {
    if (this.#blocks.size === 0 || this.#redraw === null) return;
    // In the background the lines would stand in the way of what the user types.
    if (standingAt([STDERR]) === 'background') return;
    const { columns, rows } = this.#terminal;
    this.#forgetReflowed();
    const help = this.#keys?.help ?? null;
    const below = help === null ? [] : [cutTo(help, columns - 1)];
    // A block that is higher than the terminal could not be erased. One line is left for the cursor.
    const room = rows - 1 - below.length;
    const each = Math.max(1, Math.floor(room / this.#blocks.size));
    const blocks = [...this.#blocks.values()].flatMap((block) =>
      block({ columns, rows: each }).slice(0, each),
    );
    const lines = [...blocks.slice(0, Math.max(1, room)), ...below];
    this.#redraw(lines.join('\n'));
    this.#drawn = { lines, columns };
  }

  /** On a terminal that became narrower the lines take more rows, so they are erased here. */
  #forgetReflowed(): void {
    const { columns } = this.#terminal;
    if (this.#drawn === null || columns >= this.#drawn.columns || !breaksLines(process.env)) return;
    const rows = rowsOf(this.#drawn.lines, columns);
    this.#terminal.write(`\r\u001b[${rows}A\u001b[J`);
    this.#redraw?.done();
    this.#drawn = null;
  }

  /** Loaded on a terminal only. The first quarter of a second has nothing to show, so a late load does no harm. */
  async #load(): Promise<void> {
    const { createLogUpdate } = await import('log-update');
    this.#redraw = createLogUpdate(this.#terminal, { showCursor: true });
  }
}
