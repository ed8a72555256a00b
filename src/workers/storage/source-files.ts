/** The files from which a task takes pieces (`--reuse`). They are only read, and only for the time of the task. */
import type { TorrentFiles } from './disk.ts';
import type { ThreadFiles } from './thread-files.ts';

export class SourceFiles implements TorrentFiles {
  readonly #thread: ThreadFiles;
  #path = '';

  constructor(thread: ThreadFiles) {
    this.#thread = thread;
  }

  /** Fills `into` from this place of the file. False if the file has not so many bytes, or cannot be read: it may have changed. */
  read(path: string, at: number, into: Uint8Array): boolean {
    try {
      this.#path = path;
      const descriptor = this.#thread.descriptor(`source ${path}`, this, 0, 'read');
      for (let done = 0; done < into.length; ) {
        const count = this.#thread.disk.read(descriptor, into, done, into.length - done, at + done);
        if (count === 0) return false;
        done += count;
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Closes all of them. */
  close(): void {
    this.#thread.release(this);
  }

  open(): number {
    return this.#thread.disk.openSource(this.#path);
  }

  release(): void {
    // It holds no folder.
  }
}
