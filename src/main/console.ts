/**
 * The two outputs of a run. stdout carries results only: text, or with `--json` one object a line. stderr carries
 * progress and news: a few lines that are redrawn on a terminal, plain lines every few seconds elsewhere.
 */
import type { createLogUpdate } from 'log-update';
import { LIVE_PROGRESS_MS, PLAIN_PROGRESS_MS } from '../shared/limits.ts';

/** Version of the JSON events; grows when one changes its meaning. */
const JSON_VERSION = 1;

export interface ConsoleOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

export class Console {
  readonly #json: boolean;
  readonly #quiet: boolean;
  readonly #live: boolean;
  /** Redraws the block; null where there is no terminal, and until it is loaded. */
  #redraw: ReturnType<typeof createLogUpdate> | null = null;

  constructor(options: ConsoleOptions) {
    this.#json = options.json;
    this.#quiet = options.quiet;
    const isTerminal = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
    this.#live = isTerminal && !options.quiet && !options.json;
    if (this.#live) void this.#loadRedraw();
    // A reader that goes away (`| head`) is no error of ours.
    process.stdout.on('error', ignoreBrokenPipe);
    process.stderr.on('error', ignoreBrokenPipe);
  }

  get json(): boolean {
    return this.#json;
  }

  /** How often progress is worth telling. */
  get progressMs(): number {
    return this.#live || this.#json ? LIVE_PROGRESS_MS : PLAIN_PROGRESS_MS;
  }

  /** An event for scripts; nothing without `--json`. */
  event(type: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#json) process.stdout.write(`${JSON.stringify({ type, v: JSON_VERSION, ...fields })}\n`);
  }

  /** A result for people; nothing with `--json`. */
  result(text: string): void {
    if (this.#json) return;
    this.#clear();
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Something that happened, for people. */
  news(text: string): void {
    if (this.#quiet) return;
    this.#clear();
    process.stderr.write(`${text}\n`);
  }

  /** An error, even when quiet. */
  error(text: string): void {
    this.#clear();
    process.stderr.write(`unchoke: ${text}\n`);
  }

  /** The state of things: in one line, or on a terminal in as many as `block` has. */
  progress(text: string, block?: (columns: number) => readonly string[]): void {
    if (this.#quiet || this.#json) return;
    if (!this.#live) return void process.stderr.write(`${text}\n`);
    const columns = process.stderr.columns ?? 80;
    const lines = block?.(columns) ?? [text.length >= columns ? `${text.slice(0, columns - 2)}…` : text];
    this.#redraw?.(lines.join('\n'));
  }

  /** Loaded for terminals only; the first quarter of a second has nothing to show. */
  async #loadRedraw(): Promise<void> {
    const { createLogUpdate } = await import('log-update');
    this.#redraw = createLogUpdate(process.stderr, { showCursor: true });
  }

  /** What comes next stands where the block was. */
  #clear(): void {
    this.#redraw?.clear();
  }
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
