/**
 * Paths that differ for the filesystem. A name that was taken gets a number before its extension, as libtorrent
 * numbers: `Readme.1.md`. Folders keep their names: where a file lies in the way of a folder, the file is renamed.
 */
import { keyOf, marked, type NameRules } from '../../torrent/name-rules.ts';

/** Below every other character, so that a folder is sorted directly before what lies in it. */
const SEPARATOR = '\0';
/** A dot and as many digits as a torrent could need. */
const LONGEST_MARK_BYTES = 10;

export class DistinctPaths {
  readonly #rules: NameRules;
  readonly #taken = new Set<string>();
  /** Keys of all paths that were ever asked for, sorted: what lies in a folder follows it. */
  readonly #sorted: readonly string[];
  /** The next number to try for a name that was taken: a thousand equal names must not take a million tries. */
  readonly #next = new Map<string, number>();

  /** `all`: every path that will be asked for, since a file makes room for a folder that comes later. */
  constructor(all: readonly (readonly string[])[], rules: NameRules) {
    this.#rules = rules;
    this.#sorted = all.map((elements) => this.#key(elements)).sort();
  }

  has(elements: readonly string[]): boolean {
    return this.#taken.has(this.#key(elements));
  }

  /** True where the path was free, and is no folder of another; it is not free any more. */
  take(elements: readonly string[]): boolean {
    const key = this.#key(elements);
    if (this.#taken.has(key) || this.#isAsked(key + SEPARATOR)) return false;
    this.#taken.add(key);
    return true;
  }

  /** The path, or the next one that is free; it is taken now. */
  add(elements: readonly string[]): readonly string[] {
    if (this.take(elements)) return elements;
    // Cut before it is counted: names that end up alike share a counter.
    const { maxElementBytes } = this.#rules;
    const name = marked(elements.at(-1) ?? '_', '', maxElementBytes - LONGEST_MARK_BYTES);
    const asked = this.#key([...elements.slice(0, -1), name]);
    for (let n = this.#next.get(asked) ?? 1; ; n++) {
      const candidate = [...elements.slice(0, -1), marked(name, `.${n}`, maxElementBytes)];
      // A number is not given to what another file of the torrent is named.
      if (this.#isAsked(this.#key(candidate)) || !this.take(candidate)) continue;
      this.#next.set(asked, n + 1);
      return candidate;
    }
  }

  #key(elements: readonly string[]): string {
    return keyOf(elements.join(SEPARATOR), this.#rules);
  }

  /** Some path is `beginning`, or begins with it where that is a folder. */
  #isAsked(beginning: string): boolean {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? '') < beginning) low = middle + 1;
      else high = middle;
    }
    const first = this.#sorted[low] ?? '';
    return beginning.endsWith(SEPARATOR) ? first.startsWith(beginning) : first === beginning;
  }
}
