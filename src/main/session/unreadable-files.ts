/** Files of a torrent that could not be read to give them to peers: each is told once. */
import { diskFailure } from '../files/disk-failure.ts';

export class UnreadableFiles {
  readonly #paths = new Set<string>();

  /** `code`: of the system. Returns the words for the user; null if they were told before. */
  note(code: string, path: string): string | null {
    if (this.#paths.has(path)) return null;
    this.#paths.add(path);
    return `peers get nothing of this file: ${diskFailure(code, path).message}`;
  }
}
