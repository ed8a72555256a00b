/** Reads bytes of a torrent from its files without blocking the thread, also across the border of two files. */
import type { FileSystem } from '../../shared/file-system.ts';
import { STANDING, Standings } from '../../shared/standing.ts';
import type { StoredFile, StoredFiles } from '../../shared/stored-files.ts';
import { FileOpener } from '../storage/file-opener.ts';
import { Stretches } from '../storage/stretches.ts';
import type { OpenedFile, OpenFiles } from './open-files.ts';

type Stretch = Pick<StoredFile, 'offset' | 'length'>;

/** Verified bytes could not be read. */
export class ReadFault extends Error {
  override readonly name = 'ReadFault';
  /** The system's code; SHORT if the file ends too early, CHANGED if it is not what it was, GUARDED if it is not known to be ours. */
  readonly code: string;
  readonly path: string;
  /** Where the file is in the torrent. */
  readonly file: Stretch;

  constructor(code: string, { path, offset, length }: StoredFile) {
    super(`read ${path}: ${code}`);
    this.code = code;
    this.path = path;
    this.file = { offset, length };
  }
}

export class ChunkReader {
  #setup: StoredFiles;
  readonly #stretches: Stretches;
  readonly #standings: Standings | null;
  readonly #system: FileSystem;
  #opener: FileOpener;
  #isClosed = false;
  readonly #open: OpenFiles;

  constructor(setup: StoredFiles, system: FileSystem, open: OpenFiles) {
    this.#setup = setup;
    this.#stretches = new Stretches(setup);
    this.#standings = setup.place === undefined ? null : new Standings(setup.place.standings);
    this.#system = system;
    this.#opener = new FileOpener(setup, system);
    this.#open = open;
  }

  /** Fills the views, one after the other, from `offset` of the torrent on. Rejects with a ReadFault. */
  async read(offset: number, length: number, views: readonly Uint8Array[]): Promise<void> {
    for (const { file, at, from, length: part } of this.#stretches.of(offset, length)) {
      if (this.#isClosed) return;
      const into = between(views, from, from + part);
      if (file === null) for (const view of into) view.fill(0);
      else await this.#readPart(file, at, into);
    }
  }

  /** The files have these names from now on. */
  rename(files: readonly StoredFile[]): void {
    this.#open.release(this.#opener);
    this.#setup = { ...this.#setup, files };
    this.#opener = new FileOpener(this.#setup, this.#system);
  }

  /** Closes its files. Nothing is read any more. */
  close(): void {
    this.#isClosed = true;
    this.#open.release(this.#opener);
  }

  /** Rejects if the file was changed since its bytes were known to be right. */
  async #assertSame({ looks }: OpenedFile, file: number, stored: StoredFile): Promise<void> {
    const look = this.#setup.looks?.[file];
    if (look === undefined) return;
    const { size, mtimeNs } = await looks.ask();
    if (Number(size) !== look.size || String(mtimeNs) !== look.modified)
      throw new ReadFault('CHANGED', stored);
  }

  async #readPart(file: number, at: number, into: readonly Uint8Array[]): Promise<void> {
    const stored = this.#setup.files[file] as StoredFile;
    // It may be a file of the user with the same name: none of its bytes may leave this machine.
    if (this.#standings?.get(file) === STANDING.guarded) throw new ReadFault('GUARDED', stored);
    const wanted = into.reduce((sum, { length }) => sum + length, 0);
    const opener = this.#opener;
    try {
      await this.#open.with(opener, file, async (opened) => {
        for (let done = 0; done < wanted; ) {
          const rest = done === 0 ? into : between(into, done, wanted);
          const count = await this.#system.slow.readv(opened.descriptor, rest, at + done);
          if (count === 0) throw new ReadFault('SHORT', stored);
          done += count;
        }
        await this.#assertSame(opened, file, stored);
      });
    } catch (error) {
      if (error instanceof ReadFault) throw error;
      // It got its final name before it was open.
      if (opener !== this.#opener) return this.#readPart(file, at, into);
      throw new ReadFault((error as NodeJS.ErrnoException).code ?? String(error), stored);
    }
  }
}

/** The bytes `[from, to)` of several stretches of memory that follow each other. */
function between(views: readonly Uint8Array[], from: number, to: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  for (const view of views) {
    const [first, last] = [Math.max(from, at), Math.min(to, at + view.length)];
    if (first < last) found.push(view.subarray(first - at, last - at));
    at += view.length;
  }
  return found;
}
