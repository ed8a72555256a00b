/**
 * Opens the files of a torrent for a hasher. Those of a download are reached below its folder without following a link,
 * and each must be the very file that was looked at when the download began.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import { elementsBelow, Folder, FolderWalk } from '../../shared/folder.ts';
import { STANDING, type Standing, Standings } from '../../shared/standing.ts';
import type { HasherSetup } from '../../shared/storage-messages.ts';

export class FileOpener {
  readonly #files: HasherSetup['files'];
  readonly #place: { readonly walk: FolderWalk; readonly standings: Standings; readonly base: string } | null;
  readonly #noFollow: number;

  constructor({ files, place, followLinks }: Pick<HasherSetup, 'files' | 'place' | 'followLinks'>) {
    this.#files = files;
    this.#noFollow = followLinks === true ? 0 : constants.O_NOFOLLOW;
    this.#place =
      place === undefined
        ? null
        : {
            walk: new FolderWalk(new Folder(place.root)),
            standings: new Standings(place.standings),
            base: place.base,
          };
  }

  standingOf(file: number): Standing {
    return this.#place?.standings.get(file) ?? STANDING.ours;
  }

  /** Throws the system's error, or one with the code REPLACED. */
  open(file: number, flags: number): number {
    const path = this.#files[file]?.path ?? '';
    if (this.#place === null) return openSync(diskPath(path), flags | this.#noFollow | constants.O_NONBLOCK);
    const { walk, standings, base } = this.#place;
    const elements = elementsBelow(base, path);
    const name = elements.pop() ?? '';
    const { descriptor, stats } = walk.reach(elements).openFile(name, flags);
    if (standings.isSame(file, stats)) return descriptor;
    closeSync(descriptor);
    throw Object.assign(new Error('REPLACED'), { code: 'REPLACED' });
  }
}
