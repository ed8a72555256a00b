/** Prepares the files of a download, each at its full length (sparse: no space is taken yet), and checks them at its end. */
import { constants } from 'node:fs';
import { type FileStats, type FileSystem, STAT_BLOCK_BYTES, writeAll } from '../../shared/file-system.ts';
import { type Folder, FolderWalk } from '../../shared/folder.ts';
import type { Geometry } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { STANDING, type Standings } from '../../shared/standing.ts';
import { Failure } from '../failure.ts';
import { diskFailure, makingFailure } from '../files/disk-failure.ts';
import type { FileDecision } from './file-decision.ts';
import type { OutputPlace } from './output-place.ts';
import { elementsOf, filesOfPiece } from './storage-plan.ts';

const ALLOCATION_BYTES = 1_048_576;
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

export class FileMaker {
  readonly #place: OutputPlace;
  readonly #files: FileSystem;
  readonly #standings: Standings;

  constructor(place: OutputPlace, standings: Standings) {
    this.#place = place;
    this.#files = place.root.files;
    this.#standings = standings;
  }

  /** Throws a `disk` failure. */
  make(decisions: readonly FileDecision[]): void {
    this.#each((file, folder, name) => {
      const { action, standing, needsBytes } = decisions[file] as FileDecision;
      this.#standings.set(file, standing);
      if (action === 'replace') this.#files.unlink(folder().at(name));
      if (action === 'make' || action === 'replace') this.#makeFile(file, folder(), name);
      else if (action === 'resize')
        this.#opened(file, folder(), name, (fd) => this.#files.ftruncate(fd, this.#lengthOf(file)));
      // A file without write permission is reported now, not after a piece was fetched for it.
      else if (needsBytes) this.#opened(file, folder(), name, () => {});
    });
  }

  /**
   * Reserves the space of new files by writing zeros: a full disk shows now and not at 99 %, and the file is contiguous if the
   * file system can do it. What an earlier run has reserved in part is reserved whole. Files with `good` pieces
   * keep their bytes. Stops if `isCancelled`. Rejects with a `disk` failure.
   */
  async allocate(good: readonly PieceIndex[], geometry: Geometry, isCancelled: () => boolean): Promise<void> {
    const used = new Set(good.flatMap((piece) => [...filesOfPiece(this.#place.plan, geometry, piece)]));
    const zeros = Buffer.alloc(ALLOCATION_BYTES);
    const walk = new FolderWalk(this.#place.root);
    try {
      for (const [file, { path, length }] of this.#place.plan.files.entries()) {
        if (length === 0 || this.#standings.get(file) !== STANDING.ours) continue;
        const enough = used.has(file) ? 1 : length;
        await this.#allocateFile(walk, file, enough, zeros, isCancelled).catch((error: unknown) => {
          throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
        });
      }
    } finally {
      walk.close();
    }
  }

  /** Throws a `disk` failure if a file was removed, cut or replaced during the download. */
  assertStored(): void {
    this.#place.assertThere();
    this.#each((file, folder, name) => {
      const stats = lookIn(folder, name);
      const wrong =
        stats === null
          ? 'was removed'
          : !stats.isFile() || !this.#standings.isSame(file, stats)
            ? 'was replaced by something else'
            : Number(stats.size) !== this.#lengthOf(file)
              ? 'was changed by another program'
              : null;
      if (wrong === null) return;
      const path = this.#place.plan.files[file]?.path ?? '';
      throw new Failure(
        'disk',
        `${path}: ${wrong} during the download; run the same command to fetch it again`,
      );
    }, false);
  }

  #makeFile(file: number, folder: Folder, name: string): void {
    const { descriptor, stats } = folder.openFile(name, NEW);
    try {
      const length = this.#lengthOf(file);
      if (length > 0) this.#files.ftruncate(descriptor, length);
      this.#standings.identify(file, stats.ino, stats.birthtimeNs);
    } finally {
      this.#files.close(descriptor);
    }
  }

  #opened(file: number, folder: Folder, name: string, work: (descriptor: number) => void): void {
    const opened = folder.openFile(name, constants.O_WRONLY);
    const descriptor = this.#standings.checked(file, opened, this.#files);
    try {
      work(descriptor);
    } finally {
      this.#files.close(descriptor);
    }
  }

  /** `enough`: a file with so many bytes on the disk stays as it is. */
  async #allocateFile(
    walk: FolderWalk,
    file: number,
    enough: number,
    zeros: Buffer,
    isCancelled: () => boolean,
  ): Promise<void> {
    const elements = elementsOf(this.#place.plan, file);
    const name = elements.pop() ?? '';
    const opened = walk.reach(elements).openFile(name, constants.O_WRONLY);
    const descriptor = this.#standings.checked(file, opened, this.#files);
    try {
      if (Number(opened.stats.blocks) * STAT_BLOCK_BYTES >= enough) return;
      const length = this.#lengthOf(file);
      for (let at = 0; at < length && !isCancelled(); at += zeros.length)
        await writeAll(this.#files, descriptor, zeros.subarray(0, length - at), at);
    } finally {
      this.#files.close(descriptor);
    }
  }

  #lengthOf(file: number): number {
    return this.#place.plan.files[file]?.length ?? 0;
  }

  /** `folder`: created on request if it is missing. */
  #each(visit: (file: number, folder: () => Folder, name: string) => void, make = true): void {
    const walk = new FolderWalk(this.#place.root);
    try {
      for (const [file, { path }] of this.#place.plan.files.entries()) {
        const elements = elementsOf(this.#place.plan, file);
        const name = elements.pop() ?? '';
        try {
          visit(file, () => walk.reach(elements, make), name);
        } catch (error) {
          if (error instanceof Failure) throw error;
          throw makingFailure(error, path);
        }
      }
    } finally {
      walk.close();
    }
  }
}

function lookIn(folder: () => Folder, name: string): FileStats | null {
  try {
    return folder().look(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Its folder is gone or is not a folder any more.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null;
    throw error;
  }
}
