/** Files of a torrent that could not be read to give them to peers: each is told once. */
import { diskFailure } from '../files/disk-failure.ts';

/** Faults that are not the system's. */
const WORDS: Readonly<Record<string, (path: string) => string>> = {
  SHORT: (path) => `${path} is shorter than it was`,
  GUARDED: (path) => `${path} is not known to belong to the torrent`,
};

export class UnreadableFiles {
  readonly #paths = new Set<string>();

  /** `code`: of the system. Returns the words for the user; null if they were told before. */
  note(code: string, path: string): string | null {
    if (this.#paths.has(path)) return null;
    this.#paths.add(path);
    return `peers get nothing of this file: ${WORDS[code]?.(path) ?? diskFailure(code, path).message}`;
  }
}
