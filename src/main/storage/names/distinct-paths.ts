/**
 * Makes paths distinct for the file system. A name that is taken gets a number before its extension, as in libtorrent:
 * `Readme.1.md`. Folders keep their names: a file in the place of a folder is renamed.
 */
import { keyOf, marked, type NameRules } from '../../torrent/name-rules.ts';

/** Sorts before every other character, so that a folder is directly before its content. */
const SEPARATOR = '\0';
/** A dot and the most digits that a torrent can need. */
const LONGEST_MARK_BYTES = 10;

export class DistinctPaths {
  readonly #rules: NameRules;
  readonly #taken = new Set<string>();
  /** Keys of all requested paths, sorted: the content of a folder follows it. */
  readonly #sorted: readonly string[];
  /** The next number to try for a name that is taken: a thousand equal names must not need a million tries. */
  readonly #next = new Map<string, number>();

  /** `all`: every path that will be requested, because a file makes room for a later folder. */
  constructor(all: readonly (readonly string[])[], rules: NameRules) {
    this.#rules = rules;
    this.#sorted = all.map((elements) => this.#key(elements)).sort();
  }

  has(elements: readonly string[]): boolean {
    return this.#taken.has(this.#key(elements));
  }

  /** True if the path was free and is not a folder of another one; it is taken now. */
  take(elements: readonly string[]): boolean {
    const key = this.#key(elements);
    if (this.#taken.has(key) || this.#isAsked(key + SEPARATOR)) return false;
    this.#taken.add(key);
    return true;
  }

  /** The path, or the next one that is free; it is taken now. */
  add(elements: readonly string[]): readonly string[] {
    if (this.take(elements)) return elements;
    // Cut before counting: names that are equal after the cut share a counter.
    const { maxElementBytes } = this.#rules;
    const name = marked(elements.at(-1) ?? '_', '', maxElementBytes - LONGEST_MARK_BYTES);
    const asked = this.#key([...elements.slice(0, -1), name]);
    for (let n = this.#next.get(asked) ?? 1; ; n++) {
      const candidate = [...elements.slice(0, -1), marked(name, `.${n}`, maxElementBytes)];
      // A numbered name must not be the name of another file in the torrent.
      if (this.#isAsked(this.#key(candidate)) || !this.take(candidate)) continue;
      this.#next.set(asked, n + 1);
      return candidate;
    }
  }

  #key(elements: readonly string[]): string {
    return keyOf(elements.join(SEPARATOR), this.#rules);
  }

  /** True if a path is `beginning`, or starts with it as a folder. */
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
