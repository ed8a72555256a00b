/**
 * The two outputs of a run. stdout carries results only: text, or with `--json` one object a line. stderr carries
 * progress and news: a few lines that are redrawn on a terminal, plain lines every few seconds elsewhere.
 */
import { LIVE_PROGRESS_MS, PLAIN_PROGRESS_MS } from '../../../shared/limits.ts';
import { fittedTo } from '../../text/columns.ts';
import { shownLines } from '../../text/shown-lines.ts';
import { LiveKeys } from './live-keys.ts';
import type { ViewStyle } from './live-view.ts';
import { LogFile } from './log-file.ts';
import { type ColourChoice, paintFor } from './paint.ts';
import { PlainPace, type Stage } from './plain-pace.ts';
import { JSON_VERSION, type RunEvent } from './run-events.ts';
import { type Block, Screen } from './screen.ts';
import { writeJson, writeLines, writeResults } from './terminal.ts';

/** 1 adds the details of `-v`, 2 also each peer (`-vv`). */
export type Verbosity = 0 | 1 | 2;

export interface ConsoleOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose?: Verbosity;
  /** Downloads are shown, so keys have a meaning on a terminal. */
  readonly keys?: boolean;
  readonly color?: ColourChoice;
  /** The file of the log. */
  readonly log?: string | null;
}

export class Console {
  readonly #options: ConsoleOptions;
  /** Null if there is no terminal or nothing to show on it. */
  readonly #screen: Screen | null;
  /** Null where keys have no meaning. */
  readonly #keys: LiveKeys | null;
  /** The number of this source among several; null if there is only one. */
  readonly #number: number | null;
  readonly #log: LogFile | null;
  /** What waits until the user has answered; null where nothing is asked. */
  #held: (() => void)[] | null = null;
  /** Without a terminal, a progress line that repeats the last one is not written. */
  #lastProgress = '';
  readonly #pace = new PlainPace();

  constructor(
    options: ConsoleOptions,
    of: {
      readonly screen: Screen | null;
      readonly keys: LiveKeys | null;
      readonly number: number;
      readonly log: LogFile | null;
    } | null = null,
  ) {
    this.#options = options;
    this.#number = of?.number ?? null;
    const { verbose = 0 } = options;
    this.#keys = of === null ? (options.keys === true ? new LiveKeys(verbose > 0) : null) : of.keys;
    this.#screen = of === null ? screenFor(options, this.#keys) : of.screen;
    const { log = null } = options;
    this.#log = of === null ? (log === null ? null : new LogFile(log)) : of.log;
  }

  /** A console for one of several sources. It uses the same screen, and its lines carry the number of the source. */
  forSource(number: number): Console {
    return new Console(this.#options, {
      screen: this.#screen,
      keys: this.#keys,
      number,
      log: this.#log,
    });
  }

  get json(): boolean {
    return this.#options.json;
  }

  get isQuiet(): boolean {
    return this.#options.quiet;
  }

  /** With several sources the output about each is short. */
  get isOfMany(): boolean {
    return this.#number !== null;
  }

  #labelledLines(text: string | readonly string[]): readonly string[] {
    const [first = '', ...more] = linesOf(text);
    return [this.labelled(first), ...more];
  }

  /** Puts the number of the source in front if there are several sources. */
  labelled(text: string): string {
    return this.#number === null ? text : `[${this.#number}] ${text}`;
  }

  /** How progress is shown on a terminal. */
  get style(): ViewStyle {
    const { color = 'auto', verbose = 0 } = this.#options;
    return { paint: paintFor(color, process.stderr), verbose: this.#keys?.verbose ?? verbose > 0 };
  }

  /** How often to offer progress: outside a terminal not all of it is written. */
  get progressMs(): number {
    return this.#screen !== null || this.json ? LIVE_PROGRESS_MS : PLAIN_PROGRESS_MS;
  }

  /** An event for scripts; nothing without `--json`. */
  event({ type, ...fields }: RunEvent): void {
    if (!this.json) return;
    const number = this.#number === null ? {} : { number: this.#number };
    writeJson({ type, v: JSON_VERSION, ...number, ...fields });
  }

  /** A result for people, in lines; nothing with `--json`. It ends the progress lines. */
  result(text: string | readonly string[]): void {
    this.endProgress();
    this.logged(text);
    if (!this.json) this.#write('stdout', text);
  }

  /** The end of a download, which the files show as well: nothing when quiet. */
  summary(text: string | readonly string[]): void {
    if (this.#options.quiet) this.logged(text);
    else this.result(text);
  }

  /** Something that happened, for people. */
  news(text: string | readonly string[]): void {
    if (this.#options.quiet) this.logged(this.#labelledLines(text));
    else this.explain(text);
  }

  /** Why a run fails, for people, even when quiet. */
  explain(text: string | readonly string[]): void {
    const lines = this.#labelledLines(text);
    this.logged(lines);
    this.#write('stderr', lines);
  }

  /** Details are shown. */
  get isVerbose(): boolean {
    return (this.#options.verbose ?? 0) > 0;
  }

  /** Details that are shown only with `--verbose`. */
  detail(text: string): void {
    if (this.isVerbose) this.news(text);
    else this.logged(this.labelled(text));
  }

  /** Single peers are shown (`-vv`). */
  get tracing(): boolean {
    return this.#options.verbose === 2;
  }

  /** What a single peer did: only with `-vv`, also in the log. */
  trace(text: string): void {
    if (this.tracing) this.news(text);
  }

  /** An error, even when quiet. */
  error(text: string | readonly string[]): void {
    const [first = '', ...more] = linesOf(text);
    this.endProgress();
    const lines = [`unchoke: ${this.labelled(first)}`, ...more];
    this.logged(lines);
    this.#write('stderr', lines);
  }

  /** While `work` asks the user something, nothing else is shown; news come after the answer. */
  async asking<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    this.endProgress();
    const held: (() => void)[] = [];
    this.#held = held;
    try {
      return await work();
    } finally {
      this.#held = null;
      for (const write of held) write();
    }
  }

  /** Progress: one line, or on a terminal as many lines as `block` has. Without a terminal `stage` decides whether the line is due. */
  progress(text: string, stage: Stage, block?: Block): void {
    const { quiet, json } = this.#options;
    if (quiet || json || this.#held !== null) return;
    const line = this.labelled(text);
    if (this.#screen === null) return this.#plainProgress(line, stage);
    this.#screen.show(this, block ?? (({ columns }) => [fittedTo(shownLines([line]).join(''), columns - 1)]));
  }

  #plainProgress(line: string, stage: Stage): void {
    if (!this.#pace.isDue(stage, performance.now()) || line === this.#lastProgress) return;
    this.#lastProgress = line;
    writeLines('stderr', [line]);
  }

  /** Removes the progress of this run from the screen. */
  endProgress(): void {
    this.#screen?.remove(this);
  }

  /** For the log alone. */
  logged(text: string | readonly string[]): void {
    const wrong = this.#log?.write(linesOf(text)) ?? null;
    if (wrong !== null) this.#write('stderr', wrong);
  }

  #write(to: 'stdout' | 'stderr', text: string | readonly string[]): void {
    if (this.#held !== null) return void this.#held.push(() => this.#write(to, text));
    const lines = linesOf(text);
    const write = (): void => (to === 'stdout' ? writeResults(lines) : writeLines(to, lines));
    if (this.#screen === null) write();
    else this.#screen.above(write);
  }
}

function linesOf(text: string | readonly string[]): readonly string[] {
  return typeof text === 'string' ? [text] : text;
}

function screenFor({ quiet, json }: ConsoleOptions, keys: LiveKeys | null): Screen | null {
  const isTerminal = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  return isTerminal && !quiet && !json ? new Screen(process.stderr, keys) : null;
}
