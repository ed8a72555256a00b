/**
 * The path of each file of a torrent below an output folder. Existing files decide: the exact name in the torrent, then ours
 * or that of another client. A missing file gets the torrent's name, changed if it is impossible. The same torrent and folder
 * give the same paths, whichever files exist.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { diskPath, lengthOfName } from '../../../shared/byte-name.ts';
import { type FileSystem, SYSTEM_FILES } from '../../../shared/file-system.ts';
import { absolutePath } from '../../files/absolute-path.ts';
import { rootName } from '../../torrent/file-list.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { canBe, mended, type NameRules, platformRules, rulesOf } from '../../torrent/name-rules.ts';
import { DistinctPaths } from './distinct-paths.ts';
import { OTHER_CLIENTS } from './other-clients.ts';

type Path = readonly string[];

const PLATFORM = platformRules();

export interface Places {
  /** The path for the user: the file of a single-file torrent, else the folder. */
  readonly root: string;
  /** Absolute paths, in the order of the torrent; null for padding. */
  readonly paths: readonly (string | null)[];
}

export function placesOf(
  { files, infoHash }: Pick<Metainfo, 'files' | 'infoHash'>,
  folder: string,
  system: FileSystem = SYSTEM_FILES,
  rules: NameRules = rulesOf(folder, system),
): Places {
  const absolute = absolutePath(folder);
  const real = files.filter(({ padding }) => !padding);
  const found = new Search(
    real.map(({ rawPath }) => rawPath),
    absolute,
    Buffer.from(infoHash).toString('hex'),
    rules,
    system,
  ).paths();
  let next = 0;
  const paths = files.map(({ padding }) => (padding ? null : join(absolute, ...(found[next++] ?? []))));
  const root = found[0]?.[0] ?? rootName(files[0]?.rawPath[0] ?? '', '', rules);
  return { root: join(absolute, root), paths };
}

class Search {
  readonly #system: FileSystem;
  readonly #folder: string;
  readonly #infoHash: string;
  readonly #rules: NameRules;
  /** The names in the torrent. */
  readonly #names: readonly Path[];
  /** Our names for missing files. */
  readonly #ours: readonly Path[];

  constructor(
    names: readonly Path[],
    folder: string,
    infoHash: string,
    rules: NameRules,
    system: FileSystem,
  ) {
    this.#system = system;
    this.#folder = folder;
    this.#infoHash = infoHash;
    this.#rules = rules;
    this.#names = names;
    this.#ours = names.map(([root = '', ...below]) =>
      this.#short([rootName(root, infoHash, this.#rules), ...below.map((name) => mended(name, this.#rules))]),
    );
  }

  paths(): Path[] {
    const fresh = this.#fresh();
    const root = this.#root();
    if (root === null) return fresh;
    const rooted = (path: Path | null | undefined): Path =>
      path == null || path.length < 2 ? (path ?? []) : [root, ...path.slice(1)];
    const distinct = new DistinctPaths(fresh.map(rooted), this.#rules);
    const places: (Path | null)[] = fresh.map(() => null);
    const place = (names: readonly (Path | null)[]): void => {
      for (const [i, name] of names.entries()) {
        if (places[i] !== null) continue;
        const path = rooted(name);
        if (this.#exists(path) && distinct.take(path)) places[i] = path;
      }
    };
    place(this.#names);
    if (places.includes(null)) {
      // Two clients may give the same name to different files: the client with the most existing names counts.
      const lists = [fresh, ...OTHER_CLIENTS.map((client) => client(this.#names, this.#infoHash))].map(
        (names) => {
          const open = names.filter((_, i) => places[i] === null).map(rooted);
          const there = open.filter((path) => !distinct.has(path) && this.#exists(path));
          return { names, hits: new Set(there.map((path) => path.join('/'))).size };
        },
      );
      for (const { names } of lists.sort((a, b) => b.hits - a.hits)) place(names);
    }
    return places.map((found, i) => found ?? distinct.add(rooted(fresh[i])));
  }

  /** The paths for missing files. */
  #fresh(): Path[] {
    const distinct = new DistinctPaths(this.#ours, this.#rules);
    const paths: (Path | null)[] = this.#ours.map((path, i) => {
      // A name that needs no change is never given to one that does.
      const isMended = path.some((name, depth) => depth > 0 && name !== this.#names[i]?.[depth]);
      return !isMended && distinct.take(path) ? path : null;
    });
    return this.#ours.map((path, i) => paths[i] ?? distinct.add(path));
  }

  /** The name under which the torrent exists; null if it does not. */
  #root(): string | null {
    const others = OTHER_CLIENTS.map((client) => client(this.#names.slice(0, 1), this.#infoHash)[0]);
    const roots = [this.#names[0], this.#ours[0], ...others].map((path) => path?.[0]);
    return roots.find((root) => root !== undefined && this.#exists([root])) ?? null;
  }

  /** Paths that could lead elsewhere are not checked. */
  #exists(path: Path): boolean {
    try {
      if (path.length === 0 || !path.every((name) => canBe(name, PLATFORM))) return false;
      return this.#system.lstat(diskPath(join(this.#folder, ...path))) !== null;
    } catch {
      return false;
    }
  }

  /** All folders of a path that is too long become one, named by their hash. */
  #short(path: Path): Path {
    if (path.length <= 2) return path;
    const bytes = lengthOfName(this.#folder) + 1 + lengthOfName(path.join('/'));
    if (bytes <= this.#rules.maxPathBytes) return path;
    const folders = createHash('sha1').update(path.slice(1, -1).join('/')).digest('hex');
    return [path[0] ?? '', `_${folders.slice(0, 16)}`, path.at(-1) ?? ''];
  }
}
