/** The lines that a child has written, and those that it will write: none is lost between two questions. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A libtorrent names its peers to others once a minute. */
const WAIT_MS = 90_000;

export class ChildLines {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  #isOver = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null)
        createInterface(stream).on('line', (line) => {
          this.#lines.push(line);
          this.#look();
        });
    const over = (): void => {
      this.#isOver = true;
      this.#look();
    };
    child.once('close', over);
    child.once('error', over);
  }

  /** So many there are so far. */
  get count(): number {
    return this.#lines.length;
  }

  /** The first line that matches, of all or of those from the one with this number on. Rejects if the child ends without it. */
  first(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.kill('SIGKILL');
        end();
        reject(new Error(`${pattern} did not come: ${this.#tail}`));
      }, WAIT_MS);
      const end = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      let at = from;
      const look = (): void => {
        for (; at < this.#lines.length; at++) {
          const match = pattern.exec(this.#lines[at] as string);
          if (match === null) continue;
          end();
          return resolve(match);
        }
        if (!this.#isOver) return;
        end();
        const status = this.#child.signalCode ?? this.#child.exitCode;
        reject(new Error(`ended (${status}) without ${pattern}: ${this.#tail}`));
      };
      this.#watchers.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }

  get #tail(): string {
    return this.#lines.slice(-40).join('\n');
  }
}
