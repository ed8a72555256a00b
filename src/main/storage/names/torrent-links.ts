/**
 * Symbolic links of a torrent (BEP 47). A link is made only if it provably leads to a file, a folder or another such link of
 * the same torrent; all others are left out. Links are made last, so that nothing is ever written through one.
 */
import { dirname, join, relative, sep } from 'node:path';
import { diskPath } from '../../../shared/byte-name.ts';
import { elementsBelow, type Folder, FolderWalk } from '../../../shared/folder.ts';
import type { TorrentFile } from '../../torrent/file-list.ts';
import type { Places } from './places.ts';

export interface TorrentLink {
  /** Absolute, as is `target`. */
  readonly path: string;
  readonly target: string;
}

/** The links that may be made, each after its targets. */
export function linksOf(files: readonly TorrentFile[], places: Places): TorrentLink[] {
  const waiting = new Map<string, { readonly path: string; readonly name: string }[]>();
  for (const [i, { rawPath, link }] of files.entries()) {
    const path = places.paths[i];
    if (link === null || path === null || path === undefined) continue;
    const one = { path, name: nameOf(rawPath.slice(1)) };
    const others = waiting.get(nameOf(link));
    if (others === undefined) waiting.set(nameOf(link), [one]);
    else others.push(one);
  }
  if (waiting.size === 0) return [];
  const links: TorrentLink[] = [];
  // Other links may lead to this link, so it is visited in its turn.
  const targets = targetsOf(files, places, waiting.keys());
  for (const [name, target] of targets) {
    for (const one of waiting.get(name) ?? []) {
      links.push({ path: one.path, target });
      if (!targets.has(one.name)) targets.set(one.name, one.path);
    }
  }
  return links;
}

function nameOf(path: readonly string[]): string {
  return path.join('\0');
}

/** A tree of paths by their elements, so that a walk stops where no wanted path continues. */
interface Step {
  /** The data of the path that ends here, if it is wanted. */
  name: string | null;
  readonly next: Map<string, Step>;
}

function stepsOf(wanted: Iterable<string>): Step {
  const root: Step = { name: null, next: new Map() };
  for (const name of wanted) {
    let step = root;
    for (const element of name.split('\0')) {
      const next = step.next.get(element) ?? { name: null, next: new Map() };
      step.next.set(element, next);
      step = next;
    }
    step.name = name;
  }
  return root;
}

/** The paths on disk of the files and folders that links point to, by their names in the torrent. */
function targetsOf(
  files: readonly TorrentFile[],
  places: Places,
  wanted: Iterable<string>,
): Map<string, string> {
  const targets = new Map<string, string>();
  const root = stepsOf(wanted);
  for (const [i, { rawPath, link, padding }] of files.entries()) {
    if (link !== null || padding) continue;
    const below = relative(places.root, places.paths[i] ?? '').split(sep);
    const length = rawPath.length - 1;
    let step: Step | undefined = root;
    for (let depth = 1; depth <= length; depth++) {
      step = step.next.get(rawPath[depth] ?? '');
      if (step === undefined) break;
      // Folders of paths that were too long have other names on disk.
      const isKept = depth === length || below.length === length;
      if (step.name === null || !isKept || targets.has(step.name)) continue;
      targets.set(step.name, join(places.root, ...(depth === length ? below : below.slice(0, depth))));
    }
  }
  return targets;
}

/**
 * Makes the links that have a target and a free path. All are inside the torrent's folder, and none leads out of it. Links that
 * the system does not allow are left out.
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
        place.root.files.symlink(leadsTo, walk.reach(elements, true).at(name));
      } catch {
        // Something is there, no permission, or a file system without links.
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
