/** Terminals of our own tmux server, which ends with the test. */
import { spawnSync } from 'node:child_process';

const PATIENCE_MS = 20_000;

export class Terminal {
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  start(session: string, command: string, columns = 100): void {
    this.#tmux('new-session', '-d', '-s', session, '-x', String(columns), '-y', '30', command);
  }

  /** Text, then keys by name. */
  type(session: string, text: string, key: string): void {
    this.#tmux('send-keys', '-t', session, '-l', '--', text);
    this.#tmux('send-keys', '-t', session, key);
  }

  /** A key by its name, or a letter. */
  press(session: string, key: string): void {
    this.#tmux('send-keys', '-t', session, key);
  }

  resize(session: string, columns: number): void {
    this.#tmux('resize-window', '-t', session, '-x', String(columns), '-y', '30');
  }

  /** The screen of the session, with colours on request. */
  screen(session: string, colours = false): string {
    return this.#tmux('capture-pane', '-p', ...(colours ? ['-e'] : []), '-t', session);
  }

  /** Lines end after their last letter and one space. Rejects with the actual screen. */
  async untilShown(session: string, words: Pick<RegExp, 'test'>): Promise<string> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const shown = this.screen(session);
      if (words.test(shown) || words.test(shown.replaceAll(/ *$/gm, ' '))) return shown;
      if (performance.now() > deadline) throw new Error(`not shown: ${words}\n${shown}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** All that was shown; `joined`: lines that the terminal broke are whole again. */
  history(session: string, joined: boolean): string {
    return this.#tmux('capture-pane', '-p', '-S', '-', ...(joined ? ['-J'] : []), '-t', session);
  }

  close(session: string): void {
    this.#tmux('kill-session', '-t', session);
  }

  end(): void {
    this.#tmux('kill-server');
  }

  #tmux(...args: string[]): string {
    return spawnSync('tmux', ['-L', this.#server, ...args], { encoding: 'utf8' }).stdout;
  }
}
