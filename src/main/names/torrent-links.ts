/**
 * Symbolic links of a torrent (BEP 47). One is made only where it provably leads to a file, a folder or another such
 * link of the same torrent; any other is left out. Links are made last, so that nothing is ever written through one.
 */
import { symlinkSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { elementsBelow, type Folder, FolderWalk } from '../../shared/folder.ts';
import type { TorrentFile } from '../torrent/file-list.ts';
import type { Places } from './places.ts';

export interface TorrentLink {
  /** Absolute, as is `target`. */
  readonly path: string;
  readonly target: string;
}

/** The links that may be made, each after those that it leads to. */
export function linksOf(files: readonly TorrentFile[], places: Places): TorrentLink[] {
  if (files.every(({ link }) => link === null)) return [];
  const key = (path: readonly string[]): string => path.join('\0');
  const targets = new Map<string, string>();
  for (const [i, { rawPath, link, padding }] of files.entries()) {
    if (link !== null || padding) continue;
    const below = relative(places.root, places.paths[i] ?? '').split(sep);
    targets.set(key(rawPath.slice(1)), join(places.root, ...below));
    // Folders of paths that were too long are other ones on the disk.
    if (below.length !== rawPath.length - 1) continue;
    for (let depth = 1; depth < below.length; depth++)
      targets.set(key(rawPath.slice(1, depth + 1)), join(places.root, ...below.slice(0, depth)));
  }
  const links: TorrentLink[] = [];
  let open = [...files.entries()].filter(([, { link }]) => link !== null);
  // Each round finds the links to what the round before has found.
  for (let before = -1; before !== open.length; ) {
    before = open.length;
    open = open.filter(([i, { rawPath, link }]) => {
      const target = targets.get(key(link ?? []));
      const path = places.paths[i];
      if (target === undefined || path === null || path === undefined) return true;
      links.push({ path, target });
      targets.set(key(rawPath.slice(1)), path);
      return false;
    });
  }
  return links;
}

/**
 * Makes those that lead somewhere and whose place is free, below the folder of the torrent, which no link leads out of. What
 * the system does not allow is left out, too.
 */
export function makeLinks(
  place: { readonly base: string; readonly root: Folder },
  links: readonly TorrentLink[],
): void {
  const walk = new FolderWalk(place.root);
  try {
    for (const { path, target } of links) {
      try {
        if (!isThere(walk, place.base, target)) continue;
        const elements = elementsBelow(place.base, path);
        const name = elements.pop() ?? '';
        const leadsTo = diskPath(relative(dirname(path), target));
        symlinkSync(leadsTo, walk.reach(elements, true).at(name));
      } catch {
        // Something is there, no permission, or a filesystem without links.
      }
    }
  } finally {
    walk.close();
  }
}

function isThere(walk: FolderWalk, base: string, path: string): boolean {
  const elements = elementsBelow(base, path);
  const name = elements.pop() ?? '';
  return walk.reach(elements).look(name) !== null;
}
