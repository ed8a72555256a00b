/** What keys do while downloads are shown on a terminal. */
import { fstatSync } from 'node:fs';
import { standingAt } from './job-control.ts';
import { Keyboard } from './keyboard.ts';

/** A terminal that sends single keys turns none of them into a signal: we do, for the whole job, as the terminal would. */
const SIGNAL_KEYS: ReadonlyMap<string, NodeJS.Signals> = new Map([
  ['\u0003', 'SIGINT'],
  ['\u001a', 'SIGTSTP'],
  ['\u001c', 'SIGQUIT'],
]);
/** They end a process at once, and nobody else would give the terminal its modes back. `interrupt.ts` has those that end it in order. */
const FATAL = ['SIGQUIT', 'SIGABRT', 'SIGALRM', 'SIGUSR2'] as const;
/** Arrows and other keys that send several bytes begin with it. */
const ESCAPE = '\u001b';
const [STDIN, STDOUT, STDERR] = [0, 1, 2];
const OWN_JOB = 0;

export class LiveKeys {
  #verbose: boolean;
  #isHelpShown = false;
  #keyboard: Keyboard | null = null;
  /** The process was stopped or in the background, so the terminal may have other modes than we gave it. */
  #isStale = false;
  readonly #die = (signal: NodeJS.Signals): void => {
    this.rest();
    process.kill(process.pid, signal);
  };

  constructor(verbose: boolean) {
    this.#verbose = verbose;
  }

  /** Whether details are shown. */
  get verbose(): boolean {
    return this.#verbose;
  }

  /** A line for below the downloads; null: none. */
  get help(): string | null {
    if (!this.#isHelpShown) return null;
    return `keys: v ${this.#verbose ? 'hides' : 'shows'} details · q ends in order · ? hides this line`;
  }

  /** Reads keys from now on, if that is possible. May be called again at any time. `onChange`: something is to be shown anew. */
  listen(onChange: () => void): void {
    if (standingAt([STDIN, STDERR]) !== 'foreground') {
      this.#keyboard?.pause();
      this.#isStale = true;
      return;
    }
    if (this.#isStale) this.rest();
    if (this.#keyboard !== null || isPipe(STDOUT)) return;
    this.#keyboard = Keyboard.open((keys) => this.#pressed(keys, onChange));
    if (this.#keyboard !== null) for (const signal of FATAL) process.on(signal, this.#die);
  }

  /** Reads keys no more, and gives the terminal its modes back. */
  rest(): void {
    // After SIGSTOP and `bg` the keyboard is still open: to close it would change the modes of the terminal.
    if (this.#keyboard !== null && standingAt([STDERR]) === 'background') {
      this.#isStale = true;
      return;
    }
    this.#keyboard?.close();
    this.#keyboard = null;
    for (const signal of FATAL) process.off(signal, this.#die);
    this.#isStale = false;
  }

  /** The process was stopped, and goes on. */
  resumed(): void {
    this.#isStale = true;
  }

  #pressed(keys: string, onChange: () => void): void {
    if (keys.startsWith(ESCAPE)) return;
    for (const key of keys) this.#press(key.toLowerCase(), onChange);
  }

  #press(key: string, onChange: () => void): void {
    const signal = SIGNAL_KEYS.get(key);
    if (signal !== undefined) process.kill(OWN_JOB, signal);
    else if (key === 'q') process.kill(process.pid, 'SIGINT');
    else if (key === 'v') this.#verbose = !this.#verbose;
    else if (key === '?' || key === 'h') this.#isHelpShown = !this.#isHelpShown;
    else return;
    onChange();
  }
}

/** A pager at its other end reads the keys of the terminal itself. */
function isPipe(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFIFO();
  } catch {
    return false;
  }
}
