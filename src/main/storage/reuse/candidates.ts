/** Which files may be a file of the torrent, or an older version of it: those of its size, and those of its name. Pure. */
import { MAX_REUSE_CANDIDATES } from '../../../shared/limits.ts';
import type { TorrentFile } from '../../torrent/file-list.ts';
import type { SourceFile } from './source-walk.ts';

export interface Candidate {
  readonly source: SourceFile;
  /** How many elements at the end of its path are those of the file in the torrent. 0: only its size is the same. */
  readonly sameElements: number;
}

type Wanted = Pick<TorrentFile, 'path' | 'rawPath' | 'length'>;

/** Files with one key that are kept: thousands may have one name or one size. */
const MOST_ALIKE = 64;

export class Candidates {
  readonly #bySize = new Map<string, SourceFile[]>();
  readonly #byName = new Map<string, SourceFile[]>();

  constructor(sources: readonly SourceFile[]) {
    for (const source of sources) {
      const [name, inFolder] = namesOf(source.elements);
      for (const key of ['', name]) add(this.#bySize, `${source.size} ${key}`, source);
      for (const key of [name, inFolder]) add(this.#byName, key, source);
    }
  }

  /** The likeliest first: its size before its name, and the longer common path before the shorter one. */
  of(file: Wanted): Candidate[] {
    const names = [...namesOf(file.path), ...namesOf(file.rawPath)];
    const sources = new Set([
      ...['', ...names].flatMap((name) => this.#bySize.get(`${file.length} ${name}`) ?? []),
      ...names.flatMap((name) => this.#byName.get(name) ?? []),
    ]);
    return [...sources]
      .map((source) => ({ source, sameElements: sameElements(source, file) }))
      .sort(
        (one, other) =>
          Number(other.source.size === file.length) - Number(one.source.size === file.length) ||
          other.sameElements - one.sameElements ||
          (one.source.path < other.source.path ? -1 : 1),
      )
      .slice(0, MAX_REUSE_CANDIDATES);
  }
}

/** The name of a file, and its name in its folder. */
function namesOf(elements: readonly string[]): [string, string] {
  return [elements.at(-1) ?? '', elements.slice(-2).join('/')];
}

function add(map: Map<string, SourceFile[]>, key: string, source: SourceFile): void {
  const same = map.get(key);
  if (same === undefined) map.set(key, [source]);
  else if (same.length < MOST_ALIKE) same.push(source);
}

function sameElements({ elements }: SourceFile, { path, rawPath }: Wanted): number {
  return Math.max(commonEnd(elements, path), commonEnd(elements, rawPath));
}

function commonEnd(one: readonly string[], other: readonly string[]): number {
  let count = 0;
  while (count < Math.min(one.length, other.length) && one.at(-1 - count) === other.at(-1 - count)) count++;
  return count;
}
