/** Looks at one open file for all of its readers, without blocking the thread: each gets a look that began after it asked. */
import type { FileStats } from '../../shared/file-system.ts';

export class FileLooks {
  readonly #look: () => Promise<FileStats>;
  #present: Promise<FileStats> | null = null;
  /** For those that asked while a look was under way. */
  #next: Promise<FileStats> | null = null;

  constructor(look: () => Promise<FileStats>) {
    this.#look = look;
  }

  ask(): Promise<FileStats> {
    if (this.#present === null) return this.#begin();
    this.#next ??= this.#after(this.#present);
    return this.#next;
  }

  #begin(): Promise<FileStats> {
    const look = this.#look().finally(() => {
      this.#present = null;
    });
    this.#present = look;
    return look;
  }

  async #after(present: Promise<FileStats>): Promise<FileStats> {
    await present.catch(() => {});
    this.#next = null;
    return this.#begin();
  }
}
