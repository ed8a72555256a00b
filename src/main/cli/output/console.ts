/**
 * The two outputs of a run. stdout carries results only: text, or with `--json` one object a line. stderr carries
 * progress and news: a few lines that are redrawn on a terminal, plain lines every few seconds elsewhere.
 */
import { LIVE_PROGRESS_MS, PLAIN_PROGRESS_MS } from '../../../shared/limits.ts';
import { JSON_VERSION, type RunEvent } from './run-events.ts';
import { type Block, Screen } from './screen.ts';
import { outliveReaders, writeJson, writeLines } from './terminal.ts';

export interface ConsoleOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose?: boolean;
}

export class Console {
  readonly #options: ConsoleOptions;
  /** Null where there is no terminal, or nothing to be shown on it. */
  readonly #screen: Screen | null;
  /** Which of several sources this is about; null where there is but one. */
  readonly #number: number | null;
  /** Where lines are not redrawn, one that says nothing new is left out. */
  #lastProgress = '';

  constructor(
    options: ConsoleOptions,
    of: { readonly screen: Screen | null; readonly number: number } | null = null,
  ) {
    this.#options = options;
    this.#number = of?.number ?? null;
    this.#screen = of === null ? screenFor(options) : of.screen;
    if (of === null) outliveReaders();
  }

  /** For one of several sources: on the same screen, and all that it says carries its number. */
  forSource(number: number): Console {
    return new Console(this.#options, { screen: this.#screen, number });
  }

  get json(): boolean {
    return this.#options.json;
  }

  /** One of several sources is meant: what is told of it is short. */
  get isOfMany(): boolean {
    return this.#number !== null;
  }

  /** With the number of the source, where there are several. */
  labelled(text: string): string {
    return this.#number === null ? text : `[${this.#number}] ${text}`;
  }

  /** How often progress is worth telling. */
  get progressMs(): number {
    return this.#screen !== null || this.json ? LIVE_PROGRESS_MS : PLAIN_PROGRESS_MS;
  }

  /** An event for scripts; nothing without `--json`. */
  event({ type, ...fields }: RunEvent): void {
    if (!this.json) return;
    const number = this.#number === null ? {} : { number: this.#number };
    writeJson({ type, v: JSON_VERSION, ...number, ...fields });
  }

  /** A result for people, in lines; nothing with `--json`. It is the end of all progress before it. */
  result(text: string | readonly string[]): void {
    this.endProgress();
    if (!this.json) this.#write('stdout', text);
  }

  /** Something that happened, for people. */
  news(text: string | readonly string[]): void {
    const [first = '', ...more] = linesOf(text);
    if (!this.#options.quiet) this.#write('stderr', [this.labelled(first), ...more]);
  }

  /** Details that are shown only with `--verbose`. */
  detail(text: string): void {
    if (this.#options.verbose === true) this.news(text);
  }

  /** An error, even when quiet. */
  error(text: string | readonly string[]): void {
    const [first = '', ...more] = linesOf(text);
    this.endProgress();
    this.#write('stderr', [`unchoke: ${this.labelled(first)}`, ...more]);
  }

  /** The state of things: in one line, or on a terminal in as many as `block` has. */
  progress(text: string, block?: Block): void {
    const { quiet, json } = this.#options;
    if (quiet || json) return;
    const line = this.labelled(text);
    if (this.#screen === null) return this.#plainProgress(line);
    this.#screen.show(this, block ?? (({ columns }) => [cut(line, columns)]));
  }

  #plainProgress(line: string): void {
    if (line === this.#lastProgress) return;
    this.#lastProgress = line;
    writeLines('stderr', [line]);
  }

  /** What is shown of this run goes. */
  endProgress(): void {
    this.#screen?.remove(this);
  }

  #write(to: 'stdout' | 'stderr', text: string | readonly string[]): void {
    const write = (): void => writeLines(to, linesOf(text));
    if (this.#screen === null) write();
    else this.#screen.above(write);
  }
}

function linesOf(text: string | readonly string[]): readonly string[] {
  return typeof text === 'string' ? [text] : text;
}

function screenFor({ quiet, json }: ConsoleOptions): Screen | null {
  const isTerminal = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  return isTerminal && !quiet && !json ? new Screen(process.stderr) : null;
}

function cut(line: string, columns: number): string {
  return line.length >= columns ? `${line.slice(0, columns - 2)}…` : line;
}
