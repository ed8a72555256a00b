/** The files of a download as its journal needs them: found by name, and never others that took their place. */
import { constants } from 'node:fs';
import type { FileStats, FileSystem } from '../../shared/file-system.ts';
import { type Folder, FolderWalk } from '../../shared/folder.ts';
import type { Standings } from '../../shared/standing.ts';
import type { OutputPlace } from './output-place.ts';
import { elementsOf } from './storage-plan.ts';

/** Linux can flush through a read-only descriptor; other systems need a writable one. */
const TO_FLUSH = process.platform === 'linux' ? constants.O_RDONLY : constants.O_WRONLY;

export class JournalFiles {
  readonly #place: OutputPlace;
  readonly #standings: Pick<Standings, 'isSame' | 'checked'>;
  readonly #walk: FolderWalk;

  constructor(place: OutputPlace, standings: Pick<Standings, 'isSame' | 'checked'>) {
    this.#place = place;
    this.#standings = standings;
    this.#walk = new FolderWalk(place.root);
  }

  /** Null if it is not there. Throws the system's error. */
  look(file: number): FileStats | null {
    const { folder, name } = this.#reach(file);
    const stats = folder.look(name);
    return stats?.isFile() === true && this.#standings.isSame(file, stats) ? stats : null;
  }

  /** A descriptor for a flush. Throws the system's error, or one with the code REPLACED. */
  open(file: number): number {
    const { folder, name } = this.#reach(file);
    return this.#standings.checked(file, folder.openFile(name, TO_FLUSH), this.#system);
  }

  close(): void {
    this.#walk.close();
  }

  get #system(): FileSystem {
    return this.#place.root.files;
  }

  #reach(file: number): { readonly folder: Folder; readonly name: string } {
    const elements = elementsOf(this.#place.plan, file);
    const name = elements.pop() ?? '';
    return { folder: this.#walk.reach(elements), name };
  }
}
