/** Files of a torrent that could not be read to give them to peers: each is told once. */
import { diskFailure } from '../files/disk-failure.ts';

/** By the codes of `workers/uploads/chunk-reader.ts`. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  SHORT: 'it is shorter than in the torrent',
  CHANGED: 'it was changed while peers got it; it is checked at the next start',
  GUARDED: 'it was there before the download, and is not known to belong to the torrent',
};

export class UnreadableFiles {
  readonly #paths = new Set<string>();

  /** `code`: of the system. Returns the words for the user; null if they were told before. */
  note(code: string, path: string): string | null {
    if (this.#paths.has(path)) return null;
    this.#paths.add(path);
    const words = OWN_WORDS[code];
    return `peers get nothing of this file: ${words === undefined ? diskFailure(code, path).message : `${path}: ${words}`}`;
  }
}
